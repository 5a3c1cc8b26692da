#include "modem/serial_watch.h"

#include "modem/serial.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    char *path; /* owned */
    dev_t device, node_device;
    ino_t inode;
    bool seen;         /* by the look that goes on */
    bool found_untold; /* news */
    bool gone_untold;
    bool there;
} node_t;

struct op_serial_watcher {
    char *patterns[OP_SERIAL_WATCH_MAX]; /* owned */
    size_t pattern_count;
    node_t nodes[OP_SERIAL_NODES_MAX];
    size_t node_count;
    int64_t next_look;
    char told[257];
};

op_serial_watcher_t *op_serial_watcher_new(void)
{
    op_serial_watcher_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    return self;
}

void op_serial_watcher_destroy(op_serial_watcher_t **self_p)
{
    op_serial_watcher_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->pattern_count; i++)
        free(self->patterns[i]);
    for (size_t i = 0; i < self->node_count; i++)
        free(self->nodes[i].path);
    free(self);
    *self_p = NULL;
}

bool op_serial_watcher_add(op_serial_watcher_t *self, op_str_t pattern)
{
    for (size_t i = 0; i < self->pattern_count; i++)
        if (op_str_is(pattern, self->patterns[i]))
            return true;
    if (self->pattern_count == OP_SERIAL_WATCH_MAX)
        return false;
    self->patterns[self->pattern_count++] = op_strdup(pattern);
    self->next_look = 0;
    return true;
}

int64_t op_serial_watcher_due_in(const op_serial_watcher_t *self, int64_t now)
{
    if (self->pattern_count == 0)
        return -1;
    return self->next_look > now ? self->next_look - now : 0;
}

static node_t *s_node(op_serial_watcher_t *self, const char *path)
{
    for (size_t i = 0; i < self->node_count; i++)
        if (strcmp(self->nodes[i].path, path) == 0)
            return &self->nodes[i];
    if (self->node_count == OP_SERIAL_NODES_MAX || strlen(path) > 256)
        return NULL;
    node_t *node = &self->nodes[self->node_count++];
    *node = (node_t){.path = op_strdup(op_str(path))};
    return node;
}

/*  The number of the node, not of its times: a tty's times move when it is used. */
static void s_see(op_serial_watcher_t *self, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISCHR(status.st_mode))
        return;
    node_t *node = s_node(self, path);
    if (!node)
        return;
    bool same = node->there && node->device == status.st_dev && node->inode == status.st_ino &&
                node->node_device == status.st_rdev;
    node->found_untold |= !same;
    node->gone_untold |= node->there && !same;
    node->seen = node->there = true;
    node->device = status.st_dev;
    node->inode = status.st_ino;
    node->node_device = status.st_rdev;
}

void op_serial_watcher_look(op_serial_watcher_t *self, int64_t now)
{
    if (self->pattern_count == 0 || self->next_look > now)
        return;
    self->next_look = now + OP_SERIAL_SCAN_MS;
    for (size_t i = 0; i < self->node_count; i++)
        self->nodes[i].seen = false;
    for (size_t i = 0; i < self->pattern_count; i++) {
        glob_t found;
        if (glob(self->patterns[i], GLOB_NOSORT, NULL, &found) == 0)
            for (size_t k = 0; k < found.gl_pathc; k++)
                s_see(self, found.gl_pathv[k]);
        globfree(&found);
    }
    for (size_t i = 0; i < self->node_count; i++) {
        node_t *node = &self->nodes[i];
        if (node->seen || !node->there)
            continue;
        node->there = node->found_untold = false;
        node->gone_untold = true;
    }
}

bool op_serial_watcher_next(op_serial_watcher_t *self, op_str_t *path, bool *found)
{
    for (size_t i = 0; i < self->node_count; i++) {
        node_t *node = &self->nodes[i];
        if (!node->gone_untold && !node->found_untold)
            continue;
        *found = !node->gone_untold;
        *(node->gone_untold ? &node->gone_untold : &node->found_untold) = false;
        op_str_copy(op_str(node->path), self->told, sizeof self->told);
        *path = op_str(self->told);
        if (!node->there && !node->found_untold) { /* forgotten */
            free(node->path);
            *node = self->nodes[--self->node_count];
        }
        return true;
    }
    return false;
}
