#define _GNU_SOURCE
#include "CErrataFaultLayer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The calls below are the kernel's own (syscall(2)): looking up the C library's would depend on who else is
 * preloaded. Each call and its record are one step under `lock`, so the trace has the order of the effects. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char root[PATH_MAX];
static size_t root_length; /* 0: nothing is watched */
static int trace = -1;
static long fault_at, fault_count = 1, fault_error = EIO, calls;
static enum fault_mode fault_mode;

/* The inodes that were opened below the root: a hash set with linear probing; inode 0 does not exist. */
#define INODE_COUNT 65536
static uint64_t inodes[INODE_COUNT];
static uint64_t marks_inode;

static long number(const char *name, long missing) {
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : missing;
}

static void start(void) {
    const char *directory = getenv("ERRATA_FAULT_ROOT");
    const char *path = getenv("ERRATA_FAULT_TRACE");
    const char *mode = getenv("ERRATA_FAULT_MODE");
    if (!directory || !path || strlen(directory) >= sizeof root) return;
    trace = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0) abort();
    fault_at = number("ERRATA_FAULT_AT", 0);
    fault_count = number("ERRATA_FAULT_COUNT", 1);
    fault_error = number("ERRATA_FAULT_ERROR", EIO);
    fault_mode = !mode                    ? 0
                 : !strcmp(mode, "fail")  ? FAULT_MODE_FAIL
                 : !strcmp(mode, "late")  ? FAULT_MODE_LATE
                 : !strcmp(mode, "short") ? FAULT_MODE_SHORT
                                          : FAULT_MODE_KILL;
    strcpy(root, directory);
    root_length = strlen(root);
}

/* Returns the part of `path` after the root, NULL if it lies elsewhere; the root itself is "". */
static const char *below(const char *path) {
    pthread_once(&once, start);
    if (!root_length || !path || strncmp(path, root, root_length)) return NULL;
    if (path[root_length] == 0) return path + root_length;
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static size_t slot_of(uint64_t inode) {
    size_t slot = inode * 0x9e3779b97f4a7c15u >> 48;
    while (inodes[slot] && inodes[slot] != inode) slot = (slot + 1) % INODE_COUNT;
    return slot;
}

/* Returns the inode behind `fd` if it was opened below the root, 0 if not. */
static uint64_t watched(int fd) {
    struct stat status;
    pthread_once(&once, start);
    if (!root_length || fstat(fd, &status)) return 0;
    pthread_mutex_lock(&lock);
    uint64_t inode = inodes[slot_of(status.st_ino)];
    pthread_mutex_unlock(&lock);
    return inode;
}

static void put(const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        long done = syscall(SYS_write, trace, next, count);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) abort(); /* A trace with a hole proves nothing. */
        next += done;
        count -= done;
    }
}

static void record(struct fault_record head, const void *first, const void *second) {
    int saved = errno;
    put(&head, sizeof head);
    put(first, head.first_count);
    put(second, head.second_count);
    errno = saved;
}

static void record_path(enum fault_kind kind, int error, uint64_t inode, int flags, const char *path) {
    record((struct fault_record){.kind = kind, .flags = flags, .error = error, .inode = inode,
                                 .first_count = strlen(path)}, path, NULL);
}

/* Counts a call and returns how it goes wrong, 0 if it does not; the lock is held. */
static enum fault_mode next_call(bool is_marks) {
    if (is_marks) return 0;
    calls++;
    bool hit = fault_at && calls >= fault_at && (!fault_count || calls < fault_at + fault_count);
    return hit ? fault_mode : 0;
}

/* Ends a call that was made, or not, and gives what its caller shall see. */
static long finish(enum fault_mode mode, long result) {
    if (mode == FAULT_MODE_KILL) kill(getpid(), SIGKILL);
    int error = mode == FAULT_MODE_LATE && result >= 0 ? fault_error : errno;
    if (mode == FAULT_MODE_LATE) result = -1;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

/* Whether the call fails without any effect. */
static bool refuses(enum fault_mode mode) {
    if (mode == FAULT_MODE_FAIL || mode == FAULT_MODE_SHORT) errno = fault_error;
    return mode == FAULT_MODE_FAIL || mode == FAULT_MODE_SHORT;
}

static int error_of(enum fault_mode mode, long result) {
    return result < 0 ? errno : mode == FAULT_MODE_LATE ? fault_error : 0;
}

/* MARK: Names */

static int opening(int directory, const char *path, int flags, mode_t mode) {
    const char *name = below(path);
    if (!name) return syscall(SYS_openat, directory, path, flags, mode);
    pthread_mutex_lock(&lock);
    enum fault_mode fault = next_call(!strcmp(name, "marks"));
    if (fault == FAULT_MODE_LATE) fault = FAULT_MODE_FAIL; /* The caller could not close what it got. */
    int fd = refuses(fault) ? -1 : syscall(SYS_openat, directory, path, flags, mode);
    if (fd >= 0) {
        struct stat status;
        if (fstat(fd, &status)) abort();
        inodes[slot_of(status.st_ino)] = status.st_ino;
        if (!strcmp(name, "marks")) marks_inode = status.st_ino;
        int noted = S_ISDIR(status.st_mode) ? FAULT_IS_DIRECTORY : 0;
        if (flags & O_TRUNC) noted |= FAULT_TRUNCATES;
        record_path(FAULT_OPEN, 0, status.st_ino, noted, name);
    }
    return finish(fault, fd);
}

#define MODE_OF(flags)                                  \
    mode_t mode = 0;                                    \
    if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
        va_list list;                                   \
        va_start(list, flags);                          \
        mode = va_arg(list, mode_t);                    \
        va_end(list);                                   \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags)
    return opening(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags)
    return opening(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
    MODE_OF(flags)
    return opening(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
    MODE_OF(flags)
    return opening(directory, path, flags, mode);
}

int creat(const char *path, mode_t mode) {
    return opening(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* The fortified forms, for calls without a mode. */
int __open_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }

int rename(const char *from, const char *to) {
    const char *old = below(from), *new = below(to);
    if (!old || !new) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_lock(&lock);
    enum fault_mode fault = next_call(false);
    int result = refuses(fault) ? -1 : syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0)
        record((struct fault_record){.kind = FAULT_RENAME, .error = error_of(fault, result),
                                     .first_count = strlen(old), .second_count = strlen(new)},
               old, new);
    return finish(fault, result);
}

static int removing(const char *path, enum fault_kind kind) {
    const char *name = below(path);
    int flags = kind == FAULT_RMDIR ? AT_REMOVEDIR : 0;
    if (!name) return syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    pthread_mutex_lock(&lock);
    enum fault_mode fault = next_call(false);
    int result = refuses(fault) ? -1 : syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (result == 0) record_path(kind, error_of(fault, result), 0, 0, name);
    return finish(fault, result);
}

int unlink(const char *path) { return removing(path, FAULT_UNLINK); }
int rmdir(const char *path) { return removing(path, FAULT_RMDIR); }

int mkdir(const char *path, mode_t mode) {
    const char *name = below(path);
    if (!name) return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    pthread_mutex_lock(&lock);
    enum fault_mode fault = next_call(false);
    int result = refuses(fault) ? -1 : syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0) {
        struct stat status;
        if (stat(path, &status)) abort();
        record_path(FAULT_MKDIR, error_of(fault, result), status.st_ino, FAULT_IS_DIRECTORY, name);
    }
    return finish(fault, result);
}

/* MARK: Bytes */

/* Where the next write(2) goes. */
static off_t position_of(int fd, int flags) {
    struct stat status;
    if (!(flags & O_APPEND)) return lseek(fd, 0, SEEK_CUR);
    return fstat(fd, &status) ? -1 : status.st_size;
}

/* Writes at `offset`, at the descriptor's position if that is negative. */
static ssize_t writing(int fd, const struct iovec *parts, int part_count, off_t offset) {
    uint64_t inode = watched(fd);
    if (!inode) {
        if (offset < 0) return syscall(SYS_writev, fd, parts, part_count);
        return syscall(SYS_pwritev, fd, parts, part_count, offset, 0);
    }
    size_t count = 0;
    for (int i = 0; i < part_count; i++) count += parts[i].iov_len;
    char *bytes = malloc(count ? count : 1), *next = bytes;
    if (!bytes) abort();
    for (int i = 0; i < part_count; next += parts[i++].iov_len)
        memcpy(next, parts[i].iov_base, parts[i].iov_len);

    pthread_mutex_lock(&lock);
    enum fault_mode fault = next_call(inode == marks_inode);
    int flags = fcntl(fd, F_GETFL);
    off_t place = offset < 0 ? position_of(fd, flags) : offset;
    bool is_short = fault == FAULT_MODE_SHORT && count > 1;
    ssize_t done = -1;
    if (is_short) count /= 2;
    if (is_short || !refuses(fault))
        done = offset < 0 ? syscall(SYS_write, fd, bytes, count)
                          : syscall(SYS_pwrite64, fd, bytes, count, offset);
    if (done >= 0) {
        bool is_durable = flags & O_DSYNC && !error_of(fault, done) && fault != FAULT_MODE_KILL;
        record((struct fault_record){.kind = FAULT_WRITE, .flags = is_durable ? FAULT_IS_DURABLE : 0,
                                     .error = error_of(fault, done), .inode = inode,
                                     .offset = place, .first_count = done},
               bytes, NULL);
    }
    done = finish(fault, done);
    int saved = errno;
    free(bytes);
    errno = saved;
    return done;
}

static struct iovec one(const void *bytes, size_t count) {
    return (struct iovec){.iov_base = (void *)bytes, .iov_len = count};
}

ssize_t write(int fd, const void *bytes, size_t count) {
    struct iovec part = one(bytes, count);
    return writing(fd, &part, 1, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    struct iovec part = one(bytes, count);
    return writing(fd, &part, 1, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    struct iovec part = one(bytes, count);
    return writing(fd, &part, 1, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return writing(fd, parts, count, -1); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    return writing(fd, parts, count, offset);
}

static int truncating(int fd, off_t size) {
    uint64_t inode = watched(fd);
    if (!inode) return syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    enum fault_mode fault = next_call(inode == marks_inode);
    int result = refuses(fault) ? -1 : syscall(SYS_ftruncate, fd, size);
    if (result == 0)
        record((struct fault_record){.kind = FAULT_TRUNCATE, .error = error_of(fault, result),
                                     .inode = inode, .offset = size},
               NULL, NULL);
    return finish(fault, result);
}

int ftruncate(int fd, off_t size) { return truncating(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncating(fd, size); }

static int syncing(int fd, long call) {
    uint64_t inode = watched(fd);
    if (!inode) return syscall(call, fd);
    pthread_mutex_lock(&lock);
    enum fault_mode fault = next_call(inode == marks_inode);
    /* A sync that is killed, or that fails late, may have done its work for any part of the file: it is recorded
     * only if it is known to have done all. */
    int result = refuses(fault) ? -1 : syscall(call, fd);
    if (fault != FAULT_MODE_KILL)
        record((struct fault_record){.kind = FAULT_SYNC, .error = error_of(fault, result),
                                     .inode = inode},
               NULL, NULL);
    return finish(fault, result);
}

int fsync(int fd) { return syncing(fd, SYS_fsync); }
int fdatasync(int fd) { return syncing(fd, SYS_fdatasync); }
