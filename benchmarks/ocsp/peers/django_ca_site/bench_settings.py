"""The least that django-ca needs to answer: SQLite, files, no proxy and no Celery. The folder comes from outside."""

import os
from pathlib import Path

_FOLDER = Path(os.environ["BENCH_FOLDER"])
SECRET_KEY = "of a benchmark"  # noqa: S105 - no account signs in there
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench_urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django_object_actions",
    "django_ca",
]
MIDDLEWARE: list[str] = []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_FOLDER / "db.sqlite3")}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "django-ca": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(_FOLDER / "files")},
    },
}
CA_DEFAULT_HOSTNAME = "127.0.0.1"
CA_USE_CELERY = False
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
