/*  shim.c - a preloaded library that writes down what a process does to the files below one
    directory, and ends the process in the middle of it

    Every call that changes a file, a name, or what is durable takes one lock, is done by the
    kernel, and is appended to the journal (journal.h): so the journal's order is the order in
    which things happened. At the chosen operation the process ends at once, either before that
    operation or after it and before the caller learns of it.

    fsync and fdatasync are only written down. That the bytes survive a cut is decided by the
    model (disk.h), not by the machine's disk, and so a run costs no disk. sync_file_range
    promises nothing about a power cut; it is not even written down.

    A call that the model has no notion of (a writable shared mapping, a hard link, writev, ...)
    ends the process with JOURNAL_EXIT_ALIEN: a test that looks away would pass.

    Limit: what stdio writes goes past this (glibc calls itself). LevelDB writes its LOG so, a
    text for people that no program reads; it survives as an empty file. */

#include "tests/powerloss/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { S_MAX_FDS = 256 };

typedef struct {
    uint64_t handle; /* 0: not below the root */
    char name[JOURNAL_NAME_SIZE];
} s_file_t;

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER; /* guards all that follows */
static s_file_t s_files[S_MAX_FDS];
static int s_journal = -1;
static const char *s_root;
static uint64_t s_opened;
static unsigned s_logs_left; /* operations are not counted before so many logs were made */
static unsigned s_operations;
static unsigned s_crash_at;
static unsigned s_crash_after;

_Noreturn static void s_alien(const char *what)
{
    dprintf(2, "shim: %s: there is no model of this\n", what);
    _exit(JOURNAL_EXIT_ALIEN);
}

static const char *s_env(const char *name)
{
    const char *value = getenv(name);
    if (!value)
        s_alien(name);
    return value;
}

/*  Called with the lock. */
static void s_start(void)
{
    if (s_journal >= 0)
        return;
    s_root = s_env(JOURNAL_ENV_ROOT);
    if (sscanf(s_env(JOURNAL_ENV_CRASH), "%u %u %u", &s_logs_left, &s_crash_at, &s_crash_after) !=
        3)
        s_alien(JOURNAL_ENV_CRASH);
    s_journal = (int)syscall(SYS_openat, AT_FDCWD, s_env(JOURNAL_ENV_FILE),
                             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (s_journal < 0)
        s_alien("the journal cannot be opened");
}

static void s_enter(void)
{
    pthread_mutex_lock(&s_lock);
    s_start();
}

static void s_leave(void)
{
    int kept = errno;
    pthread_mutex_unlock(&s_lock);
    errno = kept;
}

/*  Before an operation that changes something: is this the one, and is it not to be done? */
static void s_before(void)
{
    if (s_logs_left == 0 && ++s_operations == s_crash_at && !s_crash_after)
        _exit(JOURNAL_EXIT_CRASH);
}

static void s_after(void)
{
    if (s_logs_left == 0 && s_operations == s_crash_at)
        _exit(JOURNAL_EXIT_CRASH);
}

static void s_note(journal_record_t record, const void *first, size_t first_size,
                   const void *second, size_t second_size)
{
    record.size = first_size + second_size;
    struct iovec parts[] = {
        {.iov_base = &record, .iov_len = sizeof record},
        {.iov_base = (void *)(uintptr_t)first, .iov_len = first_size},
        {.iov_base = (void *)(uintptr_t)second, .iov_len = second_size},
    };
    if (syscall(SYS_writev, s_journal, parts, 3) != (long)(sizeof record + record.size))
        s_alien("the journal cannot be written");
}

/*  The name below the root, or false: the path is elsewhere. Relative paths are elsewhere, except
    below a directory that is itself watched. */
static int s_name(int dirfd, const char *path, char name[JOURNAL_NAME_SIZE])
{
    const char *prefix = "", *rest = path;
    size_t size = strlen(s_root);
    if (path[0] == '/') {
        if (strncmp(path, s_root, size) != 0 || (path[size] != '/' && path[size] != '\0'))
            return 0;
        rest = path[size] ? path + size + 1 : path + size;
    } else {
        if (dirfd < 0 || dirfd >= S_MAX_FDS || !s_files[dirfd].handle)
            return 0;
        prefix = s_files[dirfd].name;
        rest = strcmp(path, ".") == 0 ? "" : path;
    }
    const char *slash = prefix[0] && rest[0] ? "/" : "";
    if (snprintf(name, JOURNAL_NAME_SIZE, "%s%s%s", prefix, slash, rest) >= JOURNAL_NAME_SIZE)
        s_alien(path);
    return 1;
}

static s_file_t *s_file(int fd)
{
    return fd >= 0 && fd < S_MAX_FDS && s_files[fd].handle ? &s_files[fd] : NULL;
}

/*  Only an open that makes or empties a file is an operation to die at. */
static int s_open(int dirfd, const char *path, int flags, mode_t mode)
{
    char name[JOURNAL_NAME_SIZE];
    s_enter();
    int watched = s_name(dirfd, path, name);
    int made = watched && (flags & O_CREAT) && syscall(SYS_faccessat, dirfd, path, F_OK) != 0;
    int changes = made || (watched && (flags & O_TRUNC));
    if (changes)
        s_before();
    int fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
    if (fd >= 0 && fd < S_MAX_FDS)
        s_files[fd].handle = 0;
    if (fd >= 0 && watched) {
        if (fd >= S_MAX_FDS)
            s_alien("too many open files");
        s_file_t *file = &s_files[fd];
        file->handle = (uint64_t)getpid() << 32 | ++s_opened;
        memcpy(file->name, name, sizeof name);
        s_note((journal_record_t){.kind = made ? JOURNAL_CREATE : JOURNAL_OPEN,
                                  .flags = (uint32_t)flags,
                                  .handle = file->handle},
               name, strlen(name), NULL, 0);
        if (changes)
            s_after();
        size_t size = strlen(name);
        if (made && s_logs_left > 0 && size > 4 && strcmp(name + size - 4, ".log") == 0)
            s_logs_left--;
    }
    s_leave();
    return fd;
}

static mode_t s_mode(int flags, va_list list)
{
    return flags & O_CREAT ? va_arg(list, mode_t) : 0;
}

#define S_OPEN(dirfd)                                                                              \
    va_list list;                                                                                  \
    va_start(list, flags);                                                                         \
    mode_t mode = s_mode(flags, list);                                                             \
    va_end(list);                                                                                  \
    return s_open(dirfd, path, flags, mode)

int open(const char *path, int flags, ...)
{
    S_OPEN(AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
    S_OPEN(AT_FDCWD);
}

int openat(int dirfd, const char *path, int flags, ...)
{
    S_OPEN(dirfd);
}

int openat64(int dirfd, const char *path, int flags, ...)
{
    S_OPEN(dirfd);
}

int creat(const char *path, mode_t mode)
{
    return s_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd)
{
    s_enter();
    if (s_file(fd))
        s_files[fd].handle = 0;
    int result = (int)syscall(SYS_close, fd);
    s_leave();
    return result;
}

/*  `at` < 0: where the descriptor stands. */
static ssize_t s_write(int fd, const void *bytes, size_t size, off_t at)
{
    s_enter();
    s_file_t *file = s_file(fd);
    off_t offset = at;
    if (file) {
        s_before();
        if (at < 0) {
            int append = (int)syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND;
            offset = (off_t)syscall(SYS_lseek, fd, 0, append ? SEEK_END : SEEK_CUR);
        }
    }
    ssize_t result =
        at < 0 ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, at);
    if (file && result > 0) {
        s_note((journal_record_t){.kind = JOURNAL_WRITE,
                                  .handle = file->handle,
                                  .offset = (uint64_t)offset},
               bytes, (size_t)result, NULL, 0);
        s_after();
    }
    s_leave();
    return result;
}

/*  A write to something else may wait (a pipe), so it is done without the lock. */
ssize_t write(int fd, const void *bytes, size_t size)
{
    s_enter();
    int watched = s_file(fd) != NULL;
    s_leave();
    return watched ? s_write(fd, bytes, size, -1) : syscall(SYS_write, fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return s_write(fd, bytes, size, at);
}

int ftruncate(int fd, off_t size)
{
    s_enter();
    s_file_t *file = s_file(fd);
    if (file)
        s_before();
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (file && result == 0) {
        s_note((journal_record_t){.kind = JOURNAL_TRUNCATE,
                                  .handle = file->handle,
                                  .offset = (uint64_t)size},
               NULL, 0, NULL, 0);
        s_after();
    }
    s_leave();
    return result;
}

/*  A disk takes its time: others go on meanwhile, which is what makes writers wait for each
    other and be joined. */
static int s_sync(int fd, long number)
{
    s_enter();
    s_file_t *file = s_file(fd);
    int result = 0;
    if (file) {
        s_before();
        s_note((journal_record_t){.kind = JOURNAL_SYNC, .handle = file->handle}, NULL, 0, NULL, 0);
        s_after();
    } else {
        result = (int)syscall(number, fd);
    }
    s_leave();
    sched_yield();
    return result;
}

int fsync(int fd)
{
    return s_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return s_sync(fd, SYS_fdatasync);
}

int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags)
{
    (void)fd, (void)offset, (void)size, (void)flags;
    return 0;
}

static void s_note_name(journal_kind_t kind, const char *name)
{
    s_note((journal_record_t){.kind = (uint32_t)kind}, name, strlen(name), NULL, 0);
    s_after();
}

int mkdir(const char *path, mode_t mode)
{
    char name[JOURNAL_NAME_SIZE];
    s_enter();
    int watched = s_name(AT_FDCWD, path, name);
    if (watched)
        s_before();
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (watched && result == 0)
        s_note_name(JOURNAL_MKDIR, name);
    s_leave();
    return result;
}

int unlink(const char *path)
{
    char name[JOURNAL_NAME_SIZE];
    s_enter();
    int watched = s_name(AT_FDCWD, path, name);
    if (watched)
        s_before();
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (watched && result == 0)
        s_note_name(JOURNAL_UNLINK, name);
    s_leave();
    return result;
}

int rename(const char *from, const char *to)
{
    char old[JOURNAL_NAME_SIZE], new[JOURNAL_NAME_SIZE];
    s_enter();
    int watched = s_name(AT_FDCWD, from, old);
    if (s_name(AT_FDCWD, to, new) != watched)
        s_alien("rename across the root");
    if (watched)
        s_before();
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (watched && result == 0) {
        s_note((journal_record_t){.kind = JOURNAL_RENAME, .offset = strlen(old)}, old, strlen(old),
               new, strlen(new));
        s_after();
    }
    s_leave();
    return result;
}

/*  Reading through a mapping is fine: it changes nothing. */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    s_enter();
    if (s_file(fd) && (protection & PROT_WRITE) && (flags & MAP_SHARED))
        s_alien("a writable shared mapping");
    void *result = (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
    s_leave();
    return result;
}

/*  What LevelDB 1.23 and OP's engine do not use. A version that does has to be modelled first. */
#define S_ALIEN(type, name, parameters)                                                            \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        s_alien(#name);                                                                            \
    }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wredundant-decls"
S_ALIEN(ssize_t, writev, (int fd, const struct iovec *parts, int count))
S_ALIEN(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at))
S_ALIEN(int, truncate, (const char *path, off_t size))
S_ALIEN(int, fallocate, (int fd, int mode, off_t offset, off_t size))
S_ALIEN(int, posix_fallocate, (int fd, off_t offset, off_t size))
S_ALIEN(int, link, (const char *from, const char *to))
S_ALIEN(int, symlink, (const char *from, const char *to))
S_ALIEN(int, linkat, (int a, const char *from, int b, const char *to, int flags))
S_ALIEN(int, renameat, (int a, const char *from, int b, const char *to))
S_ALIEN(int, unlinkat, (int dirfd, const char *path, int flags))
S_ALIEN(int, mkdirat, (int dirfd, const char *path, mode_t mode))
S_ALIEN(int, rmdir, (const char *path))
S_ALIEN(int, dup, (int fd))
S_ALIEN(int, dup2, (int from, int to))
#pragma GCC diagnostic pop
