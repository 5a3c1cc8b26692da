/*  tree.c - a treap with shared nodes

    A treap is a binary search tree by key and a heap by a priority of each row. With priorities
    that look random the tree is balanced, whatever order the keys come in: here the priority is
    the hash of the key, so the shape follows from the rows alone and no randomness is needed.

    Nodes and rows count their references. A change walks down making each node on its path its
    own (s_own): a node that nobody else refers to is changed in place, another one is cloned,
    and the clone refers to the same row and children. So a frozen tree costs nothing until
    something changes, and then O(log n) nodes. Every function that takes a node takes over one
    reference to it, and the node it returns carries one. Recursion is as deep as the tree:
    about 3 log2 n. */

#include "store/tree.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t refs;
    size_t key_size;
    size_t value_size;
    char bytes[]; /* the key, then the value */
} s_row_t;

typedef struct op_tree_node s_node_t;

struct op_tree_node {
    size_t refs;
    uint64_t priority;
    s_row_t *row;
    s_node_t *left;
    s_node_t *right;
};

static op_str_t s_key(const s_node_t *node)
{
    return op_str_of(node->row->bytes, node->row->key_size);
}

static op_str_t s_value(const s_node_t *node)
{
    return op_str_of(node->row->bytes + node->row->key_size, node->row->value_size);
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

static void s_row_drop(s_row_t *row)
{
    if (--row->refs == 0)
        free(row);
}

static uint64_t s_priority(op_str_t key)
{
    static const uint8_t secret[crypto_shorthash_KEYBYTES] = {0};
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t priority;
    _Static_assert(sizeof hash == sizeof priority, "SipHash gives 64 bits");
    crypto_shorthash(hash, (const uint8_t *)key.at, key.size, secret);
    memcpy(&priority, hash, sizeof priority);
    return priority;
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
    s_drop(node->left);
    s_drop(node->right);
    s_row_drop(node->row);
    free(node);
}

static s_node_t *s_own(s_node_t *node)
{
    if (node->refs == 1)
        return node;
    s_node_t *clone = op_alloc(sizeof *clone);
    *clone = *node;
    clone->refs = 1;
    clone->row->refs++;
    s_share(clone->left);
    s_share(clone->right);
    s_drop(node);
    return clone;
}

/*  Both nodes are owned. The child comes up, its parent goes down on the other side. */
static s_node_t *s_raise_left(s_node_t *node)
{
    s_node_t *left = node->left;
    node->left = left->right;
    left->right = node;
    return left;
}

static s_node_t *s_raise_right(s_node_t *node)
{
    s_node_t *right = node->right;
    node->right = right->left;
    right->left = node;
    return right;
}

static s_node_t *s_put(s_node_t *node, s_row_t *row)
{
    if (!node) {
        node = op_alloc(sizeof *node);
        *node = (s_node_t){.refs = 1, .row = row};
        node->priority = s_priority(s_key(node));
        return node;
    }
    node = s_own(node);
    int order = op_str_compare(op_str_of(row->bytes, row->key_size), s_key(node));
    if (order == 0) {
        s_row_drop(node->row);
        node->row = row;
    } else if (order < 0) {
        node->left = s_put(node->left, row);
        if (node->left->priority > node->priority)
            node = s_raise_left(node);
    } else {
        node->right = s_put(node->right, row);
        if (node->right->priority > node->priority)
            node = s_raise_right(node);
    }
    return node;
}

/*  Every key of `low` is below every key of `high`. */
static s_node_t *s_join(s_node_t *low, s_node_t *high)
{
    if (!low)
        return high;
    if (!high)
        return low;
    if (low->priority > high->priority) {
        low = s_own(low);
        low->right = s_join(low->right, high);
        return low;
    }
    high = s_own(high);
    high->left = s_join(low, high->left);
    return high;
}

/*  The key is in the tree. */
static s_node_t *s_delete(s_node_t *node, op_str_t key)
{
    OP_ASSERT(node);
    int order = op_str_compare(key, s_key(node));
    if (order == 0) {
        s_node_t *low = s_share(node->left), *high = s_share(node->right);
        s_drop(node);
        return s_join(low, high);
    }
    node = s_own(node);
    if (order < 0)
        node->left = s_delete(node->left, key);
    else
        node->right = s_delete(node->right, key);
    return node;
}

static bool s_found(const s_node_t *node, op_str_t *key, op_str_t *value)
{
    if (!node)
        return false;
    *key = s_key(node);
    *value = s_value(node);
    return true;
}

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
    self->root = s_put(self->root, s_row_new(key, value));
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
    while (node) {
        int order = op_str_compare(key, s_key(node));
        if (order == 0) {
            *value = s_value(node);
            return true;
        }
        node = order < 0 ? node->left : node->right;
    }
    return false;
}

bool op_tree_below(const op_tree_t *self, op_str_t limit, op_str_t *key, op_str_t *value)
{
    const s_node_t *best = NULL;
    for (const s_node_t *node = self->root; node;) {
        if (op_str_compare(s_key(node), limit) < 0) {
            best = node;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return s_found(best, key, value);
}

bool op_tree_last(const op_tree_t *self, op_str_t *key, op_str_t *value)
{
    const s_node_t *node = self->root;
    while (node && node->right)
        node = node->right;
    return s_found(node, key, value);
}

/*  The path holds the nodes that are still to come, each with all to its right. */
static void s_step_into(op_tree_steps_t *steps, const s_node_t *node)
{
    OP_ASSERT(steps->depth < OP_TREE_DEPTH_MAX);
    steps->path[steps->depth++] = node;
}

void op_tree_steps(const op_tree_t *self, op_str_t low, op_tree_steps_t *steps)
{
    steps->depth = 0;
    for (const s_node_t *node = self->root; node;)
        if (op_str_compare(s_key(node), low) >= 0) {
            s_step_into(steps, node);
            node = node->left;
        } else {
            node = node->right;
        }
}

bool op_tree_step(op_tree_steps_t *steps, op_str_t *key, op_str_t *value)
{
    if (!steps->depth)
        return false;
    const s_node_t *node = steps->path[--steps->depth];
    for (const s_node_t *next = node->right; next; next = next->left)
        s_step_into(steps, next);
    return s_found(node, key, value);
}
