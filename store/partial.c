#include "store/partial.h"

#include "base/path.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
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

static int s_name(op_partial_t *self, const char *dir, char error[256])
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
    return 0;
}

int op_partial_begin(op_partial_t *self, const char *dir, char error[256])
{
    char parent[OP_PATH_MAX];
    if (s_name(self, dir, error) != 0)
        return -1;
    s_clear(self->path);
    if (mkdir(self->path, 0700) == 0)
        return 0;
    return s_fail(op_path_blame(self->path, errno, parent), error);
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
    char parent[OP_PATH_MAX];
    op_path_folder(path, parent);
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

/*  ---- What is in the folder besides the store ---- */

bool op_partial_is_store(const char *name)
{
    static const char *const names[] = {"CURRENT", "LOCK", "LOG", "LOG.old"};
    static const char *const ends[] = {".log", ".sst", ".ldb", ".dbtmp"};
    for (size_t i = 0; i < OP_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    bool manifest = strncmp(name, "MANIFEST-", 9) == 0;
    const char *number = manifest ? name + 9 : name, *end = number;
    while (isdigit((unsigned char)*end))
        end++;
    if (end == number || manifest)
        return end != number && !*end;
    for (size_t i = 0; i < OP_COUNT(ends); i++)
        if (strcmp(end, ends[i]) == 0)
            return true;
    return false;
}

static int s_is_other(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !op_partial_is_store(name);
}

/*  All that is no file of the store, under names that nothing has there. */
static int s_move_others(const char *from, const char *to, char error[256])
{
    char old[OP_PATH_MAX], new[OP_PATH_MAX];
    struct dirent **others;
    int count = scandir(from, &others, s_is_other, alphasort), rc = 0;
    if (count < 0)
        return s_fail(from, error);
    for (int i = 0; i < count; i++) {
        snprintf(old, sizeof old, "%s/%s", from, others[i]->d_name);
        snprintf(new, sizeof new, "%s/%s", to, others[i]->d_name);
        if (rc == 0 && renameat2(AT_FDCWD, old, AT_FDCWD, new, RENAME_NOREPLACE) != 0)
            rc = s_fail(old, error);
        free(others[i]);
    }
    free(others);
    return rc;
}

int op_partial_take_back(const char *dir, char error[256])
{
    op_partial_t self;
    struct stat there;
    if (s_name(&self, dir, error) != 0)
        return -1;
    if (lstat(self.path, &there) != 0)
        return errno == ENOENT ? 0 : s_fail(self.path, error);
    return s_move_others(self.path, self.dir, error);
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
    int rc = s_move_others(self->dir, self->path, error);
    if (rc == 0)
        rc = s_sync(self->path, error);
    if (rc == 0 && renameat2(AT_FDCWD, self->path, AT_FDCWD, self->dir, RENAME_EXCHANGE) != 0)
        rc = s_fail(self->dir, error);
    if (rc != 0) {
        char ignored[256]; /* what does not come back now, does so when the next run begins */
        (void)s_move_others(self->path, self->dir, ignored);
        return -1;
    }
    if (rename(self->path, kept) != 0)
        return s_fail(kept, error);
    return s_sync_parent(self->dir, error);
}
