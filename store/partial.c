#include "store/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <leveldb/c.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int s_fail(const char *path, char error[256])
{
    snprintf(error, 256, "%.200s: %s", path, strerror(errno));
    return -1;
}

/*  LevelDB deletes the files that are its own and the folder when nothing else is in it. */
static void s_clear(const char *path)
{
    char *ignored = NULL;
    leveldb_options_t *options = leveldb_options_create();
    leveldb_destroy_db(options, path, &ignored);
    leveldb_options_destroy(options);
    leveldb_free(ignored);
    rmdir(path);
}

int op_partial_begin(op_partial_t *self, const char *dir, char error[256])
{
    size_t size = strlen(dir);
    while (size > 1 && dir[size - 1] == '/')
        size--;
    if (size == 0 || size >= sizeof self->dir) {
        snprintf(error, 256, "the folder's name is empty or too long");
        return -1;
    }
    memcpy(self->dir, dir, size);
    self->dir[size] = 0;
    snprintf(self->path, sizeof self->path, "%s.partial", self->dir);
    s_clear(self->path);
    return mkdir(self->path, 0700) == 0 ? 0 : s_fail(self->path, error);
}

void op_partial_drop(op_partial_t *self)
{
    s_clear(self->path);
}

static int s_sync(const char *path, char error[256])
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 && fsync(fd) == 0 ? 0 : s_fail(path, error);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int s_sync_parent(const char *path, char error[256])
{
    char parent[OP_PARTIAL_PATH];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (!slash)
        strcpy(parent, ".");
    else
        slash[slash == parent] = 0;
    return s_sync(parent, error);
}

int op_partial_place(op_partial_t *self, char error[256])
{
    if (s_sync(self->path, error) != 0)
        return -1;
    if (rename(self->path, self->dir) != 0)
        return s_fail(self->dir, error);
    return s_sync_parent(self->dir, error);
}

int op_partial_exchange(op_partial_t *self, const char *suffix, char error[256])
{
    char kept[sizeof self->path];
    struct stat there;
    snprintf(kept, sizeof kept, "%s%s", self->dir, suffix);
    if (lstat(kept, &there) == 0) {
        errno = EEXIST;
        return s_fail(kept, error);
    }
    if (s_sync(self->path, error) != 0)
        return -1;
    if (renameat2(AT_FDCWD, self->path, AT_FDCWD, self->dir, RENAME_EXCHANGE) != 0)
        return s_fail(self->dir, error);
    if (rename(self->path, kept) != 0)
        return s_fail(kept, error);
    return s_sync_parent(self->dir, error);
}
