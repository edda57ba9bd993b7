/* A clock two hours on while the file that AHEAD_FILE names is there, for programs that are started with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define TWO_HOURS (2L * 60 * 60)

static long ahead(void)
{
    const char *file = getenv("AHEAD_FILE");
    return file != NULL && access(file, F_OK) == 0 ? TWO_HOURS : 0;
}

int clock_gettime(clockid_t id, struct timespec *result)
{
    static int (*original)(clockid_t, struct timespec *);
    if (original == NULL)
        original = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int status = original(id, result);
    /* The boot clock as well: what is asked of the C library tells nothing. */
    if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME))
        result->tv_sec += ahead();
    return status;
}

time_t time(time_t *result)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != NULL)
        *result = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    value->tv_sec = now.tv_sec;
    value->tv_usec = now.tv_nsec / 1000;
    return 0;
}
