/* A clock five years on, for a program that is started with LD_PRELOAD: what a receipt proves must not wear off. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#define FIVE_YEARS (5L * 366 * 24 * 60 * 60)

time_t time(time_t *result)
{
    int (*original)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    struct timespec now;
    original(CLOCK_REALTIME, &now);
    time_t later = now.tv_sec + FIVE_YEARS;
    if (result != NULL)
        *result = later;
    return later;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone)
{
    (void)zone;
    value->tv_sec = time(NULL);
    value->tv_usec = 0;
    return 0;
}
