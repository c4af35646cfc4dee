/* Loaded before the C library: the n-th change of files below one folder fails, as on a bad disk.

   Every library of the process goes through here: Python, libsndfile, Rust. What counts as a change:
   opening to create, write, fsync, truncate, rename, link, mkdir, unlink, rmdir, sendfile and
   copy_file_range. A write may be cut short first, as on a disk that fills up in the midst of it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ONCE, NO_SPACE, READ_ONLY }; /* what fails after the first failure */
enum { GROWS, SHRINKS };           /* a full disk lets files go */

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static int armed, error, after, failed;
static long count, at, part;
static char what[PATH_MAX + 32];

void faults_arm(const char *folder, long point, int code, int mode, long permille) {
    pthread_mutex_lock(&guard);
    snprintf(root, sizeof root, "%s", folder);
    count = 0, at = point, error = code, after = mode, part = permille, failed = 0;
    what[0] = 0;
    armed = 1;
    pthread_mutex_unlock(&guard);
}
long faults_disarm(void) {
    pthread_mutex_lock(&guard);
    armed = 0;
    pthread_mutex_unlock(&guard);
    return count;
}
const char *faults_what(void) { return what; }
int faults_failed(void) { return failed; }

static int below(const char *path) {
    size_t length = strlen(root);
    return strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == 0);
}
static int path_is_below(int folder, const char *path) {
    char here[64], whole[PATH_MAX];
    ssize_t length;
    if (path[0] == '/') return below(path);
    if (folder == AT_FDCWD) return getcwd(whole, sizeof whole) && below(whole);
    snprintf(here, sizeof here, "/proc/self/fd/%d", folder);
    length = readlink(here, whole, sizeof whole - 1);
    if (length < 0) return 0;
    whole[length] = 0;
    return below(whole);
}
static int file_is_below(int file) { return path_is_below(file, ""); }

/* Whether this change fails; *permille: how much of a write happens first (0: none of it). */
static int fails(const char *name, const char *path, int kind, long *permille) {
    int now = 0;
    if (permille) *permille = 0;
    pthread_mutex_lock(&guard);
    if (armed) {
        count++;
        if (count == at) {
            if (permille && part) {
                *permille = part;
                part = 0;
                at++; /* the rest of it fails */
            } else {
                failed = now = 1;
                snprintf(what, sizeof what, "%s %s", name, path);
            }
        } else if (failed && after == NO_SPACE)
            now = kind == GROWS;
        else if (failed && after == READ_ONLY)
            now = 1;
    }
    pthread_mutex_unlock(&guard);
    return now;
}

#define REAL(type, name, ...)                                    \
    static type (*real)(__VA_ARGS__);                            \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define FAIL_IF(condition, name, path, kind)                     \
    if (armed && (condition) && fails(name, path, kind, 0)) {    \
        errno = error;                                           \
        return -1;                                               \
    }

static size_t some(size_t size, long permille) {
    size_t less = size * (size_t)permille / 1000;
    return less ? less : 1;
}

ssize_t write(int file, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    long permille = 0;
    if (armed && size && file_is_below(file)) {
        if (fails("write", "", GROWS, size > 1 ? &permille : 0)) {
            errno = error;
            return -1;
        }
        if (permille) size = some(size, permille);
    }
    return real(file, data, size);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t place) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    FAIL_IF(file_is_below(file), "pwrite", "", GROWS)
    return real(file, data, size, place);
}
ssize_t writev(int file, const struct iovec *parts, int number) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    FAIL_IF(file_is_below(file), "writev", "", GROWS)
    return real(file, parts, number);
}
ssize_t sendfile64(int out, int in, off64_t *place, size_t size) {
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
    FAIL_IF(file_is_below(out), "sendfile", "", GROWS)
    return real(out, in, place, size);
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    FAIL_IF(file_is_below(out), "copy_file_range", "", GROWS)
    return real(in, from, out, to, size, flags);
}
int fsync(int file) {
    REAL(int, "fsync", int);
    FAIL_IF(file_is_below(file), "fsync", "", GROWS)
    return real(file);
}
int ftruncate64(int file, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    FAIL_IF(file_is_below(file), "ftruncate", "", SHRINKS)
    return real(file, size);
}
int rename(const char *old, const char *new) {
    REAL(int, "rename", const char *, const char *);
    FAIL_IF(path_is_below(AT_FDCWD, old) || path_is_below(AT_FDCWD, new), "rename", new, SHRINKS)
    return real(old, new);
}
int link(const char *old, const char *new) {
    REAL(int, "link", const char *, const char *);
    FAIL_IF(path_is_below(AT_FDCWD, new), "link", new, GROWS)
    return real(old, new);
}
int linkat(int a, const char *old, int b, const char *new, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    FAIL_IF(path_is_below(b, new), "linkat", new, GROWS)
    return real(a, old, b, new, flags);
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    struct stat there;
    FAIL_IF(path_is_below(AT_FDCWD, path) && stat(path, &there), "mkdir", path, GROWS)
    return real(path, mode);
}
int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    struct stat there;
    FAIL_IF(path_is_below(AT_FDCWD, path) && !lstat(path, &there), "unlink", path, SHRINKS)
    return real(path);
}
int unlinkat(int folder, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    FAIL_IF(path_is_below(folder, path), "unlinkat", path, SHRINKS)
    return real(folder, path, flags);
}
int rmdir(const char *path) {
    REAL(int, "rmdir", const char *);
    FAIL_IF(path_is_below(AT_FDCWD, path), "rmdir", path, SHRINKS)
    return real(path);
}

#define OPENING(folder, path, flags)                                                   \
    mode_t mode = 0;                                                                   \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                             \
        va_list more;                                                                  \
        va_start(more, flags);                                                         \
        mode = va_arg(more, mode_t);                                                   \
        va_end(more);                                                                  \
    }                                                                                  \
    FAIL_IF(((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) && path_is_below(folder, path), \
            "open", path, GROWS)

int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    OPENING(AT_FDCWD, path, flags)
    return real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    OPENING(AT_FDCWD, path, flags)
    return real(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    REAL(int, "openat", int, const char *, int, ...);
    OPENING(folder, path, flags)
    return real(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    REAL(int, "openat64", int, const char *, int, ...);
    OPENING(folder, path, flags)
    return real(folder, path, flags, mode);
}
