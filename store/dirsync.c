/*  dirsync.c - what LevelDB leaves unsynced when it starts a new log file

    A synced LevelDB write is an fdatasync of the current log file, NNNNNN.log. When the
    memtable is full, the write that finds it so first creates the next log file and goes there.
    Two things are then not durable although the write was synced:

    1. the name. POSIX lets a power cut take a new file's directory entry unless the directory is
       synced too; LevelDB does that for its MANIFEST only. Without the name the whole log is gone.
    2. the end of the old log. If the last writes to it were unsynced, nothing ever syncs them until
       the old memtable is a table, and a later synced write does not cover them.

    So after a synced write, and before it is acknowledged, op_dirsync_settle must find out
    whether a log file appeared since it last looked, and if so sync all log files and the
    directory. The order is: LevelDB's write has returned; then look; then sync; then
    acknowledge. Whichever log file the write went to was created before it returned, so the
    look comes after the creation and cannot miss it. A log file that compaction creates or
    deletes meanwhile does no harm: one that is gone (ENOENT) is in a table that a synced
    MANIFEST names, and LevelDB synced the directory for that.

    How to look. The directory's mtime would not do: the kernel stamps it from a clock that
    stands still for a tick (1 to 10 ms), so two creations, one before and one after our sync,
    can carry the same stamp, and the second would be missed. Listing the directory is exact but
    grows with the database. inotify is exact and costs one read: the kernel queues IN_CREATE
    before the creating open() returns. Where the queue overflowed, or where there is no inotify
    to be had (its instances are limited per user), the answer is "changed", which is slower and
    just as safe.

    Limit: LevelDB replaces CURRENT by rename when it opens, without a directory sync, and then
    deletes the old MANIFEST. On a file system that does not keep the order of such changes
    (ext4, XFS and Btrfs do) a power cut between the two could leave CURRENT pointing at
    nothing. */

#include "store/dirsync.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

struct op_dirsync {
    char *dir;
    int fd;    /* the directory */
    int watch; /* inotify, or -1: always changed */
    bool owed; /* something may be unsynced */
    _Atomic uint64_t count;
};

static int s_fail(char error[OP_STORE_ERROR_SIZE], const char *name, const char *what)
{
    char reason[128];
    snprintf(error, OP_STORE_ERROR_SIZE, "%s: %s: %s", name, what,
             strerror_r(errno, reason, sizeof reason));
    return -1;
}

static int s_open_dir(const char *dir)
{
    return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/*  Also where the directory is there already: the process that made it may have died before it
    synced the parent. A parent that may not be read is left to whoever made the directory. */
int op_dirsync_make(const char *dir, char error[OP_STORE_ERROR_SIZE])
{
    bool made = mkdir(dir, 0700) == 0;
    if (!made && errno != EEXIST)
        return s_fail(error, dir, "cannot create the directory");
    char *copy = op_strdup(op_str(dir)); /* dirname writes into its argument */
    int parent = s_open_dir(dirname(copy));
    free(copy);
    if (parent < 0 && errno == EACCES && !made)
        return 0;
    int result = parent >= 0 ? fsync(parent) : -1;
    if (result != 0)
        result = s_fail(error, dir, "cannot sync the parent directory");
    if (parent >= 0)
        close(parent);
    return result;
}

op_dirsync_t *op_dirsync_new(const char *dir, bool always, char error[OP_STORE_ERROR_SIZE])
{
    int fd = s_open_dir(dir);
    if (fd < 0) {
        s_fail(error, dir, "cannot open the directory");
        return NULL;
    }
    op_dirsync_t *self = op_alloc(sizeof *self);
    *self = (op_dirsync_t){.dir = op_strdup(op_str(dir)), .fd = fd, .watch = -1, .owed = true};
    if (!always)
        self->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (self->watch >= 0 && inotify_add_watch(self->watch, dir, IN_CREATE) < 0) {
        close(self->watch);
        self->watch = -1;
    }
    return self;
}

void op_dirsync_destroy(op_dirsync_t **self_p)
{
    op_dirsync_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->watch >= 0)
        close(self->watch);
    close(self->fd);
    free(self->dir);
    free(self);
}

static bool s_is_log(const char *name)
{
    size_t size = strlen(name);
    return size > 4 && strcmp(name + size - 4, ".log") == 0;
}

/*  Takes all events that wait. IN_Q_OVERFLOW and IN_IGNORED (the directory itself is gone) come
    without a name: they, too, mean that something was missed. */
static bool s_changed(op_dirsync_t *self)
{
    _Alignas(struct inotify_event) char buffer[4096];
    bool changed = self->watch < 0;
    while (self->watch >= 0) {
        ssize_t size = read(self->watch, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            break;
        if (size <= 0) {
            close(self->watch);
            self->watch = -1;
            return true;
        }
        for (size_t at = 0; at < (size_t)size;) {
            struct inotify_event event;
            memcpy(&event, buffer + at, sizeof event);
            at += sizeof event;
            if (event.len == 0 || s_is_log(buffer + at))
                changed = true;
            at += event.len;
        }
    }
    return changed;
}

/*  fdatasync works on the file, not on the descriptor: it also covers what LevelDB wrote
    through its own. Opening and closing these files is harmless to LevelDB's lock, which is on
    another one. */
static int s_sync_file(op_dirsync_t *self, const char *name, char error[OP_STORE_ERROR_SIZE])
{
    int fd = openat(self->fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : s_fail(error, self->dir, "cannot open a log file");
    int result = fdatasync(fd);
    if (result != 0)
        result = s_fail(error, self->dir, "cannot sync a log file");
    close(fd);
    return result;
}

static int s_sync_logs(op_dirsync_t *self, char error[OP_STORE_ERROR_SIZE])
{
    int fd = openat(self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL; /* takes fd over */
    int result = 0;
    if (!list) {
        result = s_fail(error, self->dir, "cannot list the directory");
        if (fd >= 0)
            close(fd);
        return result;
    }
    errno = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(list)); errno = 0)
        if (s_is_log(entry->d_name))
            result = s_sync_file(self, entry->d_name, error);
    if (result == 0 && errno != 0)
        result = s_fail(error, self->dir, "cannot list the directory");
    closedir(list);
    return result;
}

int op_dirsync_settle(op_dirsync_t *self, char error[OP_STORE_ERROR_SIZE])
{
    if (s_changed(self))
        self->owed = true;
    if (!self->owed)
        return 0;
    if (s_sync_logs(self, error) != 0)
        return -1;
    if (fsync(self->fd) != 0)
        return s_fail(error, self->dir, "cannot sync the directory");
    self->owed = false;
    atomic_fetch_add(&self->count, 1);
    return 0;
}

uint64_t op_dirsync_count(const op_dirsync_t *self)
{
    return atomic_load(&self->count);
}
