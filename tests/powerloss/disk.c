/*  disk.c - plays journals onto the model of a disk */

#include "tests/powerloss/disk_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static disk_node_t *s_node_new(disk_t *self, bool is_dir)
{
    disk_node_t *node = op_alloc(sizeof *node);
    *node = (disk_node_t){.is_dir = is_dir, .next = self->nodes};
    self->nodes = node;
    return node;
}

disk_t *disk_new(disk_order_t order, disk_hearing_t hearing)
{
    disk_t *self = op_alloc(sizeof *self);
    *self = (disk_t){.order = order, .hearing = hearing};
    self->root = s_node_new(self, true);
    return self;
}

void disk_forget_changes(disk_node_t *node)
{
    for (size_t i = 0; i < node->count; i++)
        free(node->changes[i].bytes);
    free(node->changes);
    node->changes = NULL;
    node->count = 0;
}

void disk_destroy(disk_t **self_p)
{
    disk_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (disk_node_t *node = self->nodes, *next; node; node = next) {
        next = node->next;
        disk_forget_changes(node);
        op_buf_free(&node->bytes);
        op_buf_free(&node->safe_bytes);
        free(node->entries.at);
        free(node->safe_entries.at);
        free(node);
    }
    free(self->handles);
    free(self);
}

static disk_entry_t *s_find(const disk_entries_t *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->at[i].name, name) == 0)
            return &entries->at[i];
    return NULL;
}

static void s_set(disk_entries_t *entries, const char *name, disk_node_t *node)
{
    disk_entry_t *entry = s_find(entries, name);
    if (!entry) {
        entries->at = op_realloc(entries->at, (entries->count + 1) * sizeof *entries->at);
        entry = &entries->at[entries->count++];
        op_str_copy(op_str(name), entry->name, sizeof entry->name);
    }
    entry->node = node;
}

static void s_unset(disk_entries_t *entries, const char *name)
{
    disk_entry_t *entry = s_find(entries, name);
    OP_ASSERT(entry);
    *entry = entries->at[--entries->count];
}

void disk_copy_entries(disk_entries_t *to, const disk_entries_t *from)
{
    to->at = op_realloc(to->at, (from->count + 1) * sizeof *to->at);
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++)
        to->at[i] = from->at[i];
}

void disk_copy_bytes(op_buf_t *to, const op_buf_t *from)
{
    op_buf_clear(to);
    op_buf_add(to, from->at, from->size);
}

void disk_resize(op_buf_t *bytes, size_t size)
{
    while (bytes->size < size)
        op_buf_add_byte(bytes, 0);
    bytes->size = size;
}

static void s_put(op_buf_t *bytes, size_t offset, const char *at, size_t size)
{
    if (size == 0)
        return;
    if (bytes->size < offset)
        disk_resize(bytes, offset);
    size_t over = bytes->size - offset < size ? bytes->size - offset : size;
    if (over > 0)
        memcpy(bytes->at + offset, at, over);
    op_buf_add(bytes, at + over, size - over);
}

void disk_apply_entry(disk_entries_t *entries, const disk_change_t *change)
{
    if (change->kind == DISK_ADD) {
        s_set(entries, change->name, change->node);
    } else if (change->kind == DISK_REMOVE) {
        s_unset(entries, change->name);
    } else {
        OP_ASSERT(change->kind == DISK_RENAME);
        const disk_entry_t *entry = s_find(entries, change->name);
        OP_ASSERT(entry);
        disk_node_t *node = entry->node;
        s_unset(entries, change->name);
        s_set(entries, change->to, node);
    }
}

void disk_apply_bytes(op_buf_t *bytes, const disk_change_t *change)
{
    if (change->kind == DISK_WRITE) {
        s_put(bytes, change->offset, change->bytes, change->size);
    } else {
        OP_ASSERT(change->kind == DISK_RESIZE);
        disk_resize(bytes, change->offset);
    }
}

/*  Takes over `change.bytes`. */
static void s_change(disk_t *self, disk_node_t *node, disk_change_t change)
{
    change.when = ++self->now;
    node->changes = op_realloc(node->changes, (node->count + 1) * sizeof *node->changes);
    node->changes[node->count++] = change;
    if (node->is_dir)
        disk_apply_entry(&node->entries, &change);
    else
        disk_apply_bytes(&node->bytes, &change);
}

static void s_sync(disk_node_t *node)
{
    if (node->is_dir)
        disk_copy_entries(&node->safe_entries, &node->entries);
    else
        for (size_t i = 0; i < node->count; i++)
            disk_apply_bytes(&node->safe_bytes, &node->changes[i]);
    disk_forget_changes(node);
}

/*  The directory that a name is in, and the last part of the name. */
static disk_node_t *s_parent(disk_t *self, const char *name, const char **last)
{
    disk_node_t *node = self->root;
    for (const char *slash; (slash = strchr(name, '/')); name = slash + 1) {
        char part[JOURNAL_NAME_SIZE];
        op_str_copy(op_str_of(name, (size_t)(slash - name)), part, sizeof part);
        disk_entry_t *entry = s_find(&node->entries, part);
        OP_ASSERT(entry && entry->node->is_dir);
        node = entry->node;
    }
    *last = name;
    return node;
}

static disk_change_t s_named(disk_change_kind_t kind, const char *name)
{
    disk_change_t change = {.kind = kind};
    OP_ASSERT(op_str_copy(op_str(name), change.name, sizeof change.name));
    return change;
}

static disk_node_t *s_create(disk_t *self, const char *name, bool is_dir)
{
    const char *last;
    disk_node_t *parent = s_parent(self, name, &last);
    disk_change_t change = s_named(DISK_ADD, last);
    change.node = s_node_new(self, is_dir);
    s_change(self, parent, change);
    return change.node;
}

static disk_node_t *s_lookup(disk_t *self, const char *name)
{
    const char *last;
    disk_node_t *parent = s_parent(self, name, &last);
    if (last[0] == '\0')
        return parent;
    disk_entry_t *entry = s_find(&parent->entries, last);
    OP_ASSERT(entry);
    return entry->node;
}

static void s_rename(disk_t *self, const char *from, const char *to)
{
    const char *last, *new_last;
    disk_node_t *parent = s_parent(self, from, &last);
    OP_ASSERT(s_parent(self, to, &new_last) == parent); /* across directories: not modelled */
    disk_change_t change = s_named(DISK_RENAME, last);
    op_str_copy(op_str(new_last), change.to, sizeof change.to);
    s_change(self, parent, change);
}

static void s_unlink(disk_t *self, const char *name)
{
    const char *last;
    disk_node_t *parent = s_parent(self, name, &last);
    s_change(self, parent, s_named(DISK_REMOVE, last));
}

/*  From the latest one on: most likely that is the one in use. */
static const disk_handle_t *s_handle(const disk_t *self, uint64_t handle)
{
    size_t i = self->handle_count;
    while (i > 0 && self->handles[i - 1].handle != handle)
        i--;
    OP_ASSERT(i > 0);
    return &self->handles[i - 1];
}

static void s_play_open(disk_t *self, const journal_record_t *record, const char *name)
{
    bool made = record->kind == JOURNAL_CREATE;
    disk_node_t *node = made ? s_create(self, name, false) : s_lookup(self, name);
    if (!made && (record->flags & O_TRUNC))
        s_change(self, node, (disk_change_t){.kind = DISK_RESIZE});
    self->handles = op_realloc(self->handles, (self->handle_count + 1) * sizeof *self->handles);
    self->handles[self->handle_count++] =
        (disk_handle_t){.handle = record->handle, .flags = record->flags, .node = node};
}

static void s_play_write(disk_t *self, const journal_record_t *record, op_str_t bytes)
{
    disk_change_t change = {.kind = DISK_WRITE, .offset = record->offset, .size = bytes.size};
    change.bytes = op_alloc(bytes.size + 1);
    memcpy(change.bytes, bytes.at, bytes.size);
    s_change(self, s_handle(self, record->handle)->node, change);
}

static void s_play_sync(disk_t *self, const journal_record_t *record)
{
    const disk_handle_t *handle = s_handle(self, record->handle);
    bool own_dir = handle->node->is_dir && (handle->flags & O_DIRECTORY);
    bool reader = !handle->node->is_dir && (handle->flags & O_ACCMODE) == O_RDONLY;
    if ((self->hearing == DISK_DEAF_TO_NAMES && own_dir) ||
        (self->hearing == DISK_DEAF_TO_LOGS && reader))
        return;
    s_sync(handle->node);
}

static void s_play(disk_t *self, const journal_record_t *record, op_str_t bytes)
{
    char name[2 * JOURNAL_NAME_SIZE] = "", to[JOURNAL_NAME_SIZE] = "";
    op_str_t first = bytes;
    if (record->kind == JOURNAL_RENAME) {
        first.size = record->offset;
        op_str_copy(op_str_of(bytes.at + first.size, bytes.size - first.size), to, sizeof to);
    }
    if (record->kind != JOURNAL_WRITE)
        OP_ASSERT(op_str_copy(first, name, JOURNAL_NAME_SIZE));
    switch ((journal_kind_t)record->kind) {
    case JOURNAL_OPEN:
    case JOURNAL_CREATE:
        s_play_open(self, record, name);
        return;
    case JOURNAL_WRITE:
        s_play_write(self, record, bytes);
        return;
    case JOURNAL_TRUNCATE:
        s_change(self, s_handle(self, record->handle)->node,
                 (disk_change_t){.kind = DISK_RESIZE, .offset = record->offset});
        return;
    case JOURNAL_SYNC:
        s_play_sync(self, record);
        return;
    case JOURNAL_MKDIR:
        s_create(self, name, true);
        return;
    case JOURNAL_UNLINK:
        s_unlink(self, name);
        return;
    case JOURNAL_RENAME:
        s_rename(self, name, to);
        return;
    }
    OP_ASSERT(false); /* no kind of record */
}

void disk_play(disk_t *self, op_str_t journal)
{
    self->handle_count = 0;
    while (journal.size >= sizeof(journal_record_t)) {
        journal_record_t record;
        memcpy(&record, journal.at, sizeof record);
        if (record.size > journal.size - sizeof record)
            return;
        s_play(self, &record, op_str_of(journal.at + sizeof record, record.size));
        journal.at += sizeof record + record.size;
        journal.size -= sizeof record + record.size;
    }
}

static void s_walk(const disk_node_t *node, const char *prefix,
                   void (*each)(const char *name, const op_buf_t *bytes, void *context),
                   void *context)
{
    for (size_t i = 0; i < node->entries.count; i++) {
        const disk_entry_t *entry = &node->entries.at[i];
        char name[2 * JOURNAL_NAME_SIZE + 1];
        op_buf_t text = {0};
        op_buf_printf(&text, "%s%s%s", prefix, prefix[0] ? "/" : "", entry->name);
        OP_ASSERT(op_str_copy(op_buf_str(&text), name, sizeof name));
        op_buf_free(&text);
        each(name, entry->node->is_dir ? NULL : &entry->node->bytes, context);
        if (entry->node->is_dir)
            s_walk(entry->node, name, each, context);
    }
}

void disk_walk(const disk_t *self,
               void (*each)(const char *name, const op_buf_t *bytes, void *context), void *context)
{
    s_walk(self->root, "", each, context);
}
