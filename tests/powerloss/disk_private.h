/*  disk_private.h - how the disk model is built: disk.c plays journals, disk_cut.c cuts the power

    A node is a file or a directory. It has what a process sees (`bytes`, `entries`) and what is
    durable (`safe_bytes`, `safe_entries`), and the changes between the two in order. A sync
    copies and forgets the changes; a cut picks among them. Nodes are never freed before the disk:
    one that has no name left may still be open. */

#ifndef OP_TESTS_POWERLOSS_DISK_PRIVATE_H
#define OP_TESTS_POWERLOSS_DISK_PRIVATE_H

#include "tests/powerloss/disk.h"
#include "tests/powerloss/journal.h"

typedef struct disk_node disk_node_t;

typedef struct {
    char name[JOURNAL_NAME_SIZE];
    disk_node_t *node;
} disk_entry_t;

typedef struct {
    disk_entry_t *at;
    size_t count;
} disk_entries_t;

typedef enum { DISK_ADD, DISK_REMOVE, DISK_RENAME, DISK_WRITE, DISK_RESIZE } disk_change_kind_t;

typedef struct {
    disk_change_kind_t kind;
    uint64_t when;                /* among all changes of the disk */
    char name[JOURNAL_NAME_SIZE]; /* of an entry */
    char to[JOURNAL_NAME_SIZE];   /* RENAME */
    disk_node_t *node;            /* ADD */
    size_t offset;                /* WRITE; RESIZE: the new size */
    char *bytes;                  /* WRITE; owned */
    size_t size;
} disk_change_t;

struct disk_node {
    bool is_dir;
    op_buf_t bytes, safe_bytes;
    disk_entries_t entries, safe_entries;
    disk_change_t *changes; /* since the last sync */
    size_t count;
    disk_node_t *next; /* of all nodes */
};

typedef struct {
    uint64_t handle;
    uint32_t flags;
    disk_node_t *node;
} disk_handle_t;

struct disk {
    disk_order_t order;
    disk_hearing_t hearing;
    uint64_t now; /* counts the changes */
    disk_node_t *nodes;
    disk_node_t *root;
    disk_handle_t *handles;
    size_t handle_count;
};

/*  Shared by the two files. */
void disk_apply_entry(disk_entries_t *entries, const disk_change_t *change);
void disk_apply_bytes(op_buf_t *bytes, const disk_change_t *change);
void disk_forget_changes(disk_node_t *node);
void disk_copy_entries(disk_entries_t *to, const disk_entries_t *from);
void disk_copy_bytes(op_buf_t *to, const op_buf_t *from);
void disk_resize(op_buf_t *bytes, size_t size);

#endif
