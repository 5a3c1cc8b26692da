/*  tree.h - an ordered map of bytes to bytes that can be frozen for free

    Order is op_str_compare's. Lookups and changes take O(log n), steps upwards O(1) on average. op_tree_share makes a
    second tree with the same rows in O(1); from then on each of the two changes without the
    other seeing it, copying only the path to what changed (rows themselves are never copied).

    Zero-initialise it: that is the empty tree. op_tree_clear gives up this tree's share of the
    rows and returns it to zero. Slices that come out point into the tree and live until a row
    with that key is changed in it, or the tree is cleared. Not for several threads, not even
    trees that share. */

#ifndef OP_STORE_TREE_H
#define OP_STORE_TREE_H

#include "base/bytes.h"

typedef struct {
    struct op_tree_node *root;
} op_tree_t;

op_tree_t op_tree_share(const op_tree_t *self);
void op_tree_clear(op_tree_t *self);

/*  Both are copied. */
void op_tree_put(op_tree_t *self, op_str_t key, op_str_t value);
/*  Nothing happens when there is no such key. */
void op_tree_delete(op_tree_t *self, op_str_t key);

/*  Each answers whether there is such a row, and fills in `key` and `value` when there is. */
bool op_tree_get(const op_tree_t *self, op_str_t key, op_str_t *value);
/*  The highest row strictly below `limit`; the highest of all. */
bool op_tree_below(const op_tree_t *self, op_str_t limit, op_str_t *key, op_str_t *value);
bool op_tree_last(const op_tree_t *self, op_str_t *key, op_str_t *value);

/*  Upwards, row by row: a walk of a tree that does not change meanwhile (a shared one does not). */
enum { OP_TREE_DEPTH_MAX = 32 }; /* some three times what a tree of 10^12 rows has */
typedef struct {
    const struct op_tree_node *node;
    size_t next; /* in it */
} op_tree_place_t;
typedef struct {
    op_tree_place_t path[OP_TREE_DEPTH_MAX];
    size_t depth;
} op_tree_steps_t;
/*  From the lowest row at or above `low` on. */
void op_tree_steps(const op_tree_t *self, op_str_t low, op_tree_steps_t *steps);
/*  The next row; false after the last. */
bool op_tree_step(op_tree_steps_t *steps, op_str_t *key, op_str_t *value);

#endif
