/*  tree.c - a B+ tree with shared nodes

    Rows stand in the leaves, in order. An inner node has children, and for each but the first a
    bound: a row whose key is above all keys in the children before it and not above any in this one
    or behind. A bound is a row that once stood first in its child; it may have been deleted since.

    Nodes and rows count their references. A change walks down making each node on its path its
    own (s_own): a node that nobody else refers to is changed in place, another one is cloned,
    and the clone refers to the same rows and children. So a frozen tree costs nothing until
    something changes, and then O(log n) nodes. Every function that takes a node takes over one
    reference to it, and the node it returns carries one.

    A node that is full is split. One that becomes empty goes, and an inner one with a single child
    gives way to it; neighbours that have become small are not joined: what is deleted here was
    mostly written together, and goes together. */

#include "store/tree.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 32 }; /* rows of a leaf, children of an inner node */

typedef struct {
    size_t refs;
    size_t key_size;
    size_t value_size;
    char bytes[]; /* the key, then the value */
} s_row_t;

typedef struct op_tree_node s_node_t;

struct op_tree_node {
    size_t refs;
    size_t count;
    bool leaf;
    s_row_t *rows[WIDTH]; /* of an inner node: the bounds; the first is NULL */
    s_node_t *children[]; /* of an inner node: WIDTH */
};

static op_str_t s_key(const s_row_t *row)
{
    return op_str_of(row->bytes, row->key_size);
}

static bool s_found(const s_row_t *row, op_str_t *key, op_str_t *value)
{
    *key = s_key(row);
    *value = op_str_of(row->bytes + row->key_size, row->value_size);
    return true;
}

static s_row_t *s_row_new(op_str_t key, op_str_t value)
{
    s_row_t *row = op_alloc(sizeof *row + key.size + value.size);
    *row = (s_row_t){.refs = 1, .key_size = key.size, .value_size = value.size};
    if (key.size)
        memcpy(row->bytes, key.at, key.size);
    if (value.size)
        memcpy(row->bytes + key.size, value.at, value.size);
    return row;
}

static s_row_t *s_row_share(s_row_t *row)
{
    if (row)
        row->refs++;
    return row;
}

static void s_row_drop(s_row_t *row)
{
    if (row && --row->refs == 0)
        free(row);
}

static s_node_t *s_new(bool leaf)
{
    size_t children = leaf ? 0 : WIDTH * sizeof(s_node_t *);
    s_node_t *node = op_alloc(sizeof *node + children);
    node->refs = 1;
    node->count = 0;
    node->leaf = leaf;
    return node;
}

static s_node_t *s_share(s_node_t *node)
{
    if (node)
        node->refs++;
    return node;
}

static void s_drop(s_node_t *node)
{
    if (!node || --node->refs > 0)
        return;
    for (size_t i = 0; i < node->count; i++) {
        s_row_drop(node->rows[i]);
        if (!node->leaf)
            s_drop(node->children[i]);
    }
    free(node);
}

static s_node_t *s_own(s_node_t *node)
{
    if (node->refs == 1)
        return node;
    s_node_t *clone = s_new(node->leaf);
    clone->count = node->count;
    for (size_t i = 0; i < node->count; i++) {
        clone->rows[i] = s_row_share(node->rows[i]);
        if (!node->leaf)
            clone->children[i] = s_share(node->children[i]);
    }
    s_drop(node);
    return clone;
}

/*  ---- Finding ---- */

/*  The first row of a leaf at or above `key`. */
static size_t s_place(const s_node_t *leaf, op_str_t key)
{
    size_t low = 0, high = leaf->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (op_str_compare(s_key(leaf->rows[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool s_stands_at(const s_node_t *leaf, size_t place, op_str_t key)
{
    return place < leaf->count && op_str_equal(s_key(leaf->rows[place]), key);
}

/*  The child that `key` belongs in: the last whose bound is not above it; with `below`, the last
    whose bound is below it. */
static size_t s_child(const s_node_t *inner, op_str_t key, bool below)
{
    size_t low = 1, high = inner->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = op_str_compare(s_key(inner->rows[middle]), key);
        if (order < 0 || (order == 0 && !below))
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

static const s_row_t *s_last(const s_node_t *node)
{
    while (!node->leaf)
        node = node->children[node->count - 1];
    return node->rows[node->count - 1];
}

/*  ---- Changing ---- */

/*  `node` is owned, not full, and gets a row, or a child and its bound. */
static void s_insert(s_node_t *node, size_t place, s_row_t *row, s_node_t *child)
{
    size_t behind = node->count - place;
    memmove(node->rows + place + 1, node->rows + place, behind * sizeof(s_row_t *));
    node->rows[place] = row;
    if (!node->leaf) {
        memmove(node->children + place + 1, node->children + place, behind * sizeof(s_node_t *));
        node->children[place] = child;
    }
    node->count++;
}

/*  What stands at `place` goes; it is dropped already. */
static void s_remove(s_node_t *node, size_t place)
{
    size_t behind = --node->count - place;
    memmove(node->rows + place, node->rows + place + 1, behind * sizeof(s_row_t *));
    if (!node->leaf)
        memmove(node->children + place, node->children + place + 1, behind * sizeof(s_node_t *));
}

typedef struct {
    s_row_t *bound; /* carries a reference */
    s_node_t *node; /* NULL: nothing was split off */
} s_split_t;

/*  Inserts into an owned node; what does not fit is split off: half of it, but nothing of a node
    that is filled in order. */
static s_split_t s_add(s_node_t *node, size_t place, s_row_t *row, s_node_t *child)
{
    if (node->count < WIDTH) {
        s_insert(node, place, row, child);
        return (s_split_t){NULL, NULL};
    }
    size_t half = place == WIDTH ? WIDTH : WIDTH / 2;
    s_node_t *right = s_new(node->leaf);
    right->count = node->count - half;
    memcpy(right->rows, node->rows + half, right->count * sizeof(s_row_t *));
    if (!node->leaf)
        memcpy(right->children, node->children + half, right->count * sizeof(s_node_t *));
    node->count = half;
    if (place > half || half == WIDTH)
        s_insert(right, place - half, row, child);
    else
        s_insert(node, place, row, child);
    s_split_t split = {right->rows[0], right};
    if (right->leaf)
        s_row_share(split.bound);
    else
        right->rows[0] = NULL;
    return split;
}

static s_node_t *s_put(s_node_t *node, s_row_t *row, s_split_t *split)
{
    node = s_own(node);
    op_str_t key = s_key(row);
    if (node->leaf) {
        size_t place = s_place(node, key);
        if (s_stands_at(node, place, key)) {
            s_row_drop(node->rows[place]);
            node->rows[place] = row;
        } else {
            *split = s_add(node, place, row, NULL);
        }
        return node;
    }
    size_t at = s_child(node, key, false);
    s_split_t below = {NULL, NULL};
    node->children[at] = s_put(node->children[at], row, &below);
    if (below.node)
        *split = s_add(node, at + 1, below.bound, below.node);
    return node;
}

/*  The key is in the tree. NULL: nothing is left. */
static s_node_t *s_delete(s_node_t *node, op_str_t key)
{
    node = s_own(node);
    size_t at;
    if (node->leaf) {
        at = s_place(node, key);
        OP_ASSERT(s_stands_at(node, at, key));
        s_row_drop(node->rows[at]);
        s_remove(node, at);
    } else {
        at = s_child(node, key, false);
        node->children[at] = s_delete(node->children[at], key);
        if (!node->children[at]) {
            s_row_drop(node->rows[at]);
            s_remove(node, at);
            if (at == 0 && node->count) { /* the first has no bound */
                s_row_drop(node->rows[0]);
                node->rows[0] = NULL;
            }
        }
    }
    if (node->count > 1 || (node->leaf && node->count))
        return node;
    s_node_t *rest = node->count ? s_share(node->children[0]) : NULL;
    s_drop(node);
    return rest;
}

/*  ---- The tree ---- */

op_tree_t op_tree_share(const op_tree_t *self)
{
    return (op_tree_t){s_share(self->root)};
}

void op_tree_clear(op_tree_t *self)
{
    s_drop(self->root);
    self->root = NULL;
}

void op_tree_put(op_tree_t *self, op_str_t key, op_str_t value)
{
    s_split_t split = {NULL, NULL};
    if (!self->root)
        self->root = s_new(true);
    self->root = s_put(self->root, s_row_new(key, value), &split);
    if (!split.node)
        return;
    s_node_t *root = s_new(false);
    s_insert(root, 0, NULL, self->root);
    s_insert(root, 1, split.bound, split.node);
    self->root = root;
}

void op_tree_delete(op_tree_t *self, op_str_t key)
{
    op_str_t value;
    if (op_tree_get(self, key, &value)) /* else nothing would change, but paths would be copied */
        self->root = s_delete(self->root, key);
}

bool op_tree_get(const op_tree_t *self, op_str_t key, op_str_t *value)
{
    const s_node_t *node = self->root;
    if (!node)
        return false;
    while (!node->leaf)
        node = node->children[s_child(node, key, false)];
    size_t place = s_place(node, key);
    return s_stands_at(node, place, key) && s_found(node->rows[place], &key, value);
}

/*  A child's bound says nothing of what is still in it: where its leaf has nothing below the limit,
    the highest row is the last one in the child before. */
bool op_tree_below(const op_tree_t *self, op_str_t limit, op_str_t *key, op_str_t *value)
{
    const s_node_t *node = self->root, *before = NULL;
    if (!node)
        return false;
    while (!node->leaf) {
        size_t at = s_child(node, limit, true);
        if (at)
            before = node->children[at - 1];
        node = node->children[at];
    }
    size_t place = s_place(node, limit);
    if (place)
        return s_found(node->rows[place - 1], key, value);
    return before && s_found(s_last(before), key, value);
}

bool op_tree_last(const op_tree_t *self, op_str_t *key, op_str_t *value)
{
    return self->root && s_found(s_last(self->root), key, value);
}

static void s_step_into(op_tree_steps_t *steps, const s_node_t *node, size_t next)
{
    OP_ASSERT(steps->depth < OP_TREE_DEPTH_MAX);
    steps->path[steps->depth++] = (op_tree_place_t){node, next};
}

void op_tree_steps(const op_tree_t *self, op_str_t low, op_tree_steps_t *steps)
{
    const s_node_t *node = self->root;
    steps->depth = 0;
    if (!node)
        return;
    while (!node->leaf) {
        size_t at = s_child(node, low, false);
        s_step_into(steps, node, at + 1);
        node = node->children[at];
    }
    s_step_into(steps, node, s_place(node, low));
}

bool op_tree_step(op_tree_steps_t *steps, op_str_t *key, op_str_t *value)
{
    while (steps->depth) {
        op_tree_place_t *top = &steps->path[steps->depth - 1];
        if (top->next == top->node->count)
            steps->depth--;
        else if (top->node->leaf)
            return s_found(top->node->rows[top->next++], key, value);
        else
            s_step_into(steps, top->node->children[top->next++], 0);
    }
    return false;
}
