/*  store.c - backups, and stores of servers that do not run */

#include "tools/opctl/opctl.h"

#include "base/instant.h"
#include "base/path.h"
#include "store/leveldb.h"
#include "store/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*  ---- backup ---- */

static bool s_write_all(int fd, op_str_t bytes)
{
    while (bytes.size) {
        ssize_t wrote = write(fd, bytes.at, bytes.size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        bytes = op_str_of(bytes.at + wrote, bytes.size - (size_t)wrote);
    }
    return true;
}

static int s_take(op_ctl_t *self, int fd, const char *path)
{
    const op_type_t *type;
    const void *answer;
    int rc = op_ctl_ask(self, OP_STEP_CONTROL_BACKUP, &op_nothing_type, &(op_nothing_t){0}, &type,
                        &answer);
    while (rc == OP_CTL_OK) {
        OP_ASSERT(type == &op_backup_part_type);
        op_str_t bytes = ((const op_backup_part_t *)answer)->bytes;
        if (bytes.size == 0)
            return fsync(fd) == 0 ? OP_CTL_OK
                                  : op_ctl_fail(OP_CTL_REFUSED, "%s: %s", path, strerror(errno));
        if (!s_write_all(fd, bytes))
            return op_ctl_fail(OP_CTL_REFUSED, "%s: %s", path, strerror(errno));
        op_arena_clear(&self->arena);
        rc = op_ctl_next(self, &type, &answer);
    }
    return rc;
}

/*  Says what a file holds, for people or programs. */
static void s_say(op_ctl_t *self, uint64_t rows, uint64_t bytes, const int64_t *taken)
{
    char when[OP_INSTANT_TEXT + 1] = "";
    if (taken)
        op_instant_print(*taken, when);
    if (self->json) {
        json_t *facts =
            json_pack("{s:I,s:I}", "rows", (json_int_t)rows, "bytes", (json_int_t)bytes);
        if (taken)
            json_object_set_new(facts, "taken_at", json_string(when));
        op_ctl_show(self, facts);
    } else {
        printf("%llu rows, %llu bytes%s%s\n", (unsigned long long)rows, (unsigned long long)bytes,
               taken ? ", taken at " : "", when);
    }
}

/*  Under another name until it is whole and has been read back. */
int op_ctl_backup(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char partial[1024], error[256], folder[OP_PATH_MAX];
    op_backup_facts_t facts;
    (void)command;
    if (snprintf(partial, sizeof partial, "%s.partial", arguments[0]) >= (int)sizeof partial)
        return op_ctl_fail(OP_CTL_USAGE, "the file's name is too long");
    if (access(arguments[0], F_OK) == 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s is there already", arguments[0]);
    int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        const char *wrong = op_path_blame(partial, errno, folder);
        return op_ctl_fail(OP_CTL_REFUSED, "%s: %s", wrong, strerror(errno));
    }
    int rc = s_take(self, fd, partial);
    close(fd);
    if (rc == OP_CTL_OK && op_restore_check(partial, &facts, error) != 0)
        rc = op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    if (rc == OP_CTL_OK && rename(partial, arguments[0]) != 0)
        rc = op_ctl_fail(OP_CTL_REFUSED, "%s: %s", arguments[0], strerror(errno));
    if (rc == OP_CTL_OK)
        s_say(self, facts.rows, facts.bytes, &facts.taken);
    else
        unlink(partial);
    return rc;
}

/*  ---- without a server ---- */

int op_ctl_restore(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char error[256];
    op_backup_facts_t facts;
    (void)command;
    int rc = op_ctl_as_owner(self->data);
    if (rc != OP_CTL_OK)
        return rc;
    if (op_restore(arguments[0], self->data, &facts, error) != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    s_say(self, facts.rows, facts.bytes, &facts.taken);
    return OP_CTL_OK;
}

static int s_check_store(op_ctl_t *self, const char *dir)
{
    char error[OP_STORE_ERROR_SIZE];
    op_check_facts_t facts;
    int rc = op_ctl_as_owner(dir);
    if (rc != OP_CTL_OK)
        return rc;
    op_store_t *store = op_store_leveldb_open(dir, NULL, error);
    rc = store ? op_check_store(store, &facts, error) : -1;
    op_store_destroy(&store);
    if (rc != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    s_say(self, facts.rows, facts.bytes, NULL);
    return OP_CTL_OK;
}

int op_ctl_check(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char error[256];
    op_backup_facts_t facts;
    struct stat there;
    (void)command;
    if (stat(arguments[0], &there) != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s: %s", arguments[0], strerror(errno));
    if (S_ISDIR(there.st_mode))
        return s_check_store(self, arguments[0]);
    if (op_restore_check(arguments[0], &facts, error) != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    s_say(self, facts.rows, facts.bytes, &facts.taken);
    return OP_CTL_OK;
}

int op_ctl_repair_open(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char error[256];
    op_check_facts_t facts = {0};
    uint64_t dropped = 0;
    (void)command;
    (void)arguments;
    int rc = op_ctl_as_owner(self->data);
    if (rc != OP_CTL_OK)
        return rc;
    rc = op_repair_open(self->data, &facts, &dropped, error);
    if (rc < 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    if (self->json) {
        op_ctl_show(self, json_pack("{s:b,s:I}", "repaired", rc == 0, "dropped_bytes",
                                    (json_int_t)dropped));
    } else if (rc > 0) {
        puts("the store opens as it is");
    } else {
        printf("dropped %llu bytes of the log; the folder as it was is %s.damaged\n",
               (unsigned long long)dropped, self->data);
        s_say(self, facts.rows, facts.bytes, NULL);
    }
    return OP_CTL_OK;
}
