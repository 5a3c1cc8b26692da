/*  disk.c - the model of a disk behind a page cache

    A node is a file or a directory. It has what a process sees (`bytes`, `entries`) and what is
    durable (`safe_bytes`, `safe_entries`), and the changes between the two in order. A sync
    forgets the changes and copies; a cut picks among the changes.

    Nodes are never freed before the disk: one that has no name left may still be open. */

#include "tests/powerloss/disk.h"
#include "tests/powerloss/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

typedef struct s_node s_node_t;

typedef struct {
    char name[JOURNAL_NAME_SIZE];
    s_node_t *node;
} s_entry_t;

typedef struct {
    s_entry_t *at;
    size_t count;
} s_entries_t;

typedef enum { S_ADD, S_REMOVE, S_RENAME, S_WRITE, S_RESIZE } s_change_kind_t;

typedef struct {
    s_change_kind_t kind;
    char name[JOURNAL_NAME_SIZE]; /* of an entry */
    char to[JOURNAL_NAME_SIZE];   /* RENAME */
    s_node_t *node;               /* ADD */
    size_t offset;                /* WRITE; RESIZE: the new size */
    char *bytes;                  /* WRITE; owned */
    size_t size;
} s_change_t;

struct s_node {
    bool is_dir;
    op_buf_t bytes, safe_bytes;
    s_entries_t entries, safe_entries;
    s_change_t *changes; /* since the last sync */
    size_t count;
    s_node_t *next; /* of all nodes */
};

typedef struct {
    uint64_t handle;
    uint32_t flags;
    s_node_t *node;
} s_handle_t;

struct disk {
    disk_hearing_t hearing;
    s_node_t *nodes;
    s_node_t *root;
    s_handle_t *handles;
    size_t handle_count;
};

static s_node_t *s_node_new(disk_t *self, bool is_dir)
{
    s_node_t *node = op_alloc(sizeof *node);
    *node = (s_node_t){.is_dir = is_dir, .next = self->nodes};
    self->nodes = node;
    return node;
}

disk_t *disk_new(disk_hearing_t hearing)
{
    disk_t *self = op_alloc(sizeof *self);
    *self = (disk_t){.hearing = hearing};
    self->root = s_node_new(self, true);
    return self;
}

static void s_forget_changes(s_node_t *node)
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
    for (s_node_t *node = self->nodes, *next; node; node = next) {
        next = node->next;
        s_forget_changes(node);
        op_buf_free(&node->bytes);
        op_buf_free(&node->safe_bytes);
        free(node->entries.at);
        free(node->safe_entries.at);
        free(node);
    }
    free(self->handles);
    free(self);
}

static s_entry_t *s_find(const s_entries_t *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->at[i].name, name) == 0)
            return &entries->at[i];
    return NULL;
}

static void s_set(s_entries_t *entries, const char *name, s_node_t *node)
{
    s_entry_t *entry = s_find(entries, name);
    if (!entry) {
        entries->at = op_realloc(entries->at, (entries->count + 1) * sizeof *entries->at);
        entry = &entries->at[entries->count++];
        op_str_copy(op_str(name), entry->name, sizeof entry->name);
    }
    entry->node = node;
}

static void s_unset(s_entries_t *entries, const char *name)
{
    s_entry_t *entry = s_find(entries, name);
    OP_ASSERT(entry);
    *entry = entries->at[--entries->count];
}

static void s_copy_entries(s_entries_t *to, const s_entries_t *from)
{
    to->at = op_realloc(to->at, (from->count + 1) * sizeof *to->at);
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++)
        to->at[i] = from->at[i];
}

static void s_copy_bytes(op_buf_t *to, const op_buf_t *from)
{
    op_buf_clear(to);
    op_buf_add(to, from->at, from->size);
}

static void s_resize(op_buf_t *bytes, size_t size)
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
        s_resize(bytes, offset);
    size_t over = bytes->size - offset < size ? bytes->size - offset : size;
    if (over > 0)
        memcpy(bytes->at + offset, at, over);
    op_buf_add(bytes, at + over, size - over);
}

static void s_apply_entry(s_entries_t *entries, const s_change_t *change)
{
    if (change->kind == S_ADD) {
        s_set(entries, change->name, change->node);
    } else if (change->kind == S_REMOVE) {
        s_unset(entries, change->name);
    } else {
        OP_ASSERT(change->kind == S_RENAME);
        s_node_t *node = s_find(entries, change->name)->node;
        s_unset(entries, change->name);
        s_set(entries, change->to, node);
    }
}

static void s_apply_bytes(op_buf_t *bytes, const s_change_t *change)
{
    if (change->kind == S_WRITE) {
        s_put(bytes, change->offset, change->bytes, change->size);
    } else {
        OP_ASSERT(change->kind == S_RESIZE);
        s_resize(bytes, change->offset);
    }
}

/*  Takes over `change.bytes`. */
static void s_change(s_node_t *node, s_change_t change)
{
    node->changes = op_realloc(node->changes, (node->count + 1) * sizeof *node->changes);
    node->changes[node->count++] = change;
    if (node->is_dir)
        s_apply_entry(&node->entries, &change);
    else
        s_apply_bytes(&node->bytes, &change);
}

static void s_sync(s_node_t *node)
{
    if (node->is_dir)
        s_copy_entries(&node->safe_entries, &node->entries);
    else
        for (size_t i = 0; i < node->count; i++)
            s_apply_bytes(&node->safe_bytes, &node->changes[i]);
    s_forget_changes(node);
}

/*  The directory that a name is in, and the last part of the name. */
static s_node_t *s_parent(disk_t *self, const char *name, const char **last)
{
    s_node_t *node = self->root;
    for (const char *slash; (slash = strchr(name, '/')); name = slash + 1) {
        char part[JOURNAL_NAME_SIZE];
        op_str_copy(op_str_of(name, (size_t)(slash - name)), part, sizeof part);
        s_entry_t *entry = s_find(&node->entries, part);
        OP_ASSERT(entry && entry->node->is_dir);
        node = entry->node;
    }
    *last = name;
    return node;
}

static s_change_t s_named(s_change_kind_t kind, const char *name)
{
    s_change_t change = {.kind = kind};
    OP_ASSERT(op_str_copy(op_str(name), change.name, sizeof change.name));
    return change;
}

static s_node_t *s_create(disk_t *self, const char *name, bool is_dir)
{
    const char *last;
    s_node_t *parent = s_parent(self, name, &last);
    s_change_t change = s_named(S_ADD, last);
    change.node = s_node_new(self, is_dir);
    s_change(parent, change);
    return change.node;
}

static s_node_t *s_lookup(disk_t *self, const char *name)
{
    const char *last;
    s_node_t *parent = s_parent(self, name, &last);
    if (last[0] == '\0')
        return parent;
    s_entry_t *entry = s_find(&parent->entries, last);
    OP_ASSERT(entry);
    return entry->node;
}

static void s_rename(disk_t *self, const char *from, const char *to)
{
    const char *last, *new_last;
    s_node_t *parent = s_parent(self, from, &last);
    OP_ASSERT(s_parent(self, to, &new_last) == parent); /* across directories: not modelled */
    s_change_t change = s_named(S_RENAME, last);
    op_str_copy(op_str(new_last), change.to, sizeof change.to);
    s_change(parent, change);
}

static void s_unlink(disk_t *self, const char *name)
{
    const char *last;
    s_node_t *parent = s_parent(self, name, &last);
    s_change(parent, s_named(S_REMOVE, last));
}

/*  The latest one: most likely the one that is in use. */
static const s_handle_t *s_handle(const disk_t *self, uint64_t handle)
{
    for (size_t i = self->handle_count; i > 0; i--)
        if (self->handles[i - 1].handle == handle)
            return &self->handles[i - 1];
    OP_ASSERT(!"a handle of the journal");
    return NULL;
}

static void s_play_open(disk_t *self, const journal_record_t *record, const char *name)
{
    bool made = record->kind == JOURNAL_CREATE;
    s_node_t *node = made ? s_create(self, name, false) : s_lookup(self, name);
    if (!made && (record->flags & O_TRUNC))
        s_change(node, (s_change_t){.kind = S_RESIZE});
    self->handles =
        op_realloc(self->handles, (self->handle_count + 1) * sizeof *self->handles);
    self->handles[self->handle_count++] =
        (s_handle_t){.handle = record->handle, .flags = record->flags, .node = node};
}

static void s_play_write(disk_t *self, const journal_record_t *record, op_str_t bytes)
{
    s_change_t change = {.kind = S_WRITE, .offset = record->offset, .size = bytes.size};
    change.bytes = op_alloc(bytes.size + 1);
    memcpy(change.bytes, bytes.at, bytes.size);
    s_change(s_handle(self, record->handle)->node, change);
}

static void s_play_sync(disk_t *self, const journal_record_t *record)
{
    const s_handle_t *handle = s_handle(self, record->handle);
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
        s_change(s_handle(self, record->handle)->node,
                 (s_change_t){.kind = S_RESIZE, .offset = record->offset});
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
    OP_ASSERT(!"a kind of record");
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

/*  Of a file's changes the first ones, the last of them torn. */
static void s_cut_ordered(s_node_t *node, op_random_t *random)
{
    size_t whole = op_random_below(random, (uint32_t)node->count + 1);
    for (size_t i = 0; i < whole; i++)
        s_apply_bytes(&node->safe_bytes, &node->changes[i]);
    if (whole == node->count || node->changes[whole].kind != S_WRITE)
        return;
    s_change_t torn = node->changes[whole];
    size_t border = op_random_below(random, 2) ? 512 : 4096;
    size_t end = torn.offset + op_random_below(random, (uint32_t)torn.size + 1);
    end -= end % border;
    torn.size = end > torn.offset ? end - torn.offset : 0;
    s_apply_bytes(&node->safe_bytes, &torn);
}

/*  The file has its full size, or ends at a border before that; each block of it is as it was
    durable, or as it was written. Returns whether a block was left out before one that was not.
    `keep_none`: no written block is kept. */
static bool s_cut_scatter(s_node_t *node, op_random_t *random, bool keep_none)
{
    size_t block = op_random_below(random, 2) ? 512 : 4096;
    op_buf_t all = node->bytes, *safe = &node->safe_bytes;
    size_t durable = safe->size, size = all.size;
    if (size > durable && op_random_below(random, 2)) {
        size = durable + op_random_below(random, (uint32_t)(size - durable) + 1);
        size = size % block && size - size % block > durable ? size - size % block : size;
    }
    s_resize(safe, size);
    bool hole = false, left_out = size > durable && keep_none;
    for (size_t at = 0; at < size; at += block) {
        size_t part = size - at < block ? size - at : block;
        if (memcmp(safe->at + at, all.at + at, part) == 0)
            continue;
        if (keep_none || op_random_below(random, 2)) {
            left_out = true;
        } else {
            memcpy(safe->at + at, all.at + at, part);
            hole = hole || left_out;
        }
    }
    return hole || left_out;
}

/*  Of a directory's changes the first ones. */
static void s_cut_entries(s_node_t *node, op_random_t *random, disk_style_t style)
{
    size_t kept = op_random_below(random, (uint32_t)node->count + 1);
    if (style == DISK_NONE)
        kept = 0;
    if (style == DISK_ALL)
        kept = node->count;
    for (size_t i = 0; i < kept; i++)
        s_apply_entry(&node->safe_entries, &node->changes[i]);
}

static bool s_cut_file(s_node_t *node, op_random_t *random, disk_style_t style)
{
    switch (style) {
    case DISK_NONE:
        return false;
    case DISK_ALL:
        for (size_t i = 0; i < node->count; i++)
            s_apply_bytes(&node->safe_bytes, &node->changes[i]);
        return false;
    case DISK_ORDERED:
        s_cut_ordered(node, random);
        return false;
    case DISK_ZEROS:
    case DISK_SCATTER:
        return s_cut_scatter(node, random, style == DISK_ZEROS);
    }
    return false;
}

bool disk_cut(disk_t *self, op_random_t *random, disk_style_t style)
{
    bool damaged = false;
    for (s_node_t *node = self->nodes; node; node = node->next) {
        if (node->is_dir)
            s_cut_entries(node, random, style);
        else if (node->count > 0)
            damaged = s_cut_file(node, random, style) || damaged;
        s_forget_changes(node);
        s_copy_bytes(&node->bytes, &node->safe_bytes);
        s_copy_entries(&node->entries, &node->safe_entries);
    }
    return damaged;
}

static void s_walk(const s_node_t *node, const char *prefix,
                   void (*each)(const char *name, const op_buf_t *bytes, void *context),
                   void *context)
{
    for (size_t i = 0; i < node->entries.count; i++) {
        const s_entry_t *entry = &node->entries.at[i];
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
