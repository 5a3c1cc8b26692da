/*  disk_cut.c - what a power cut leaves

    Where the disk keeps the order (DISK_JOURNALED), the cut picks a moment: changes of names and
    sizes after it did not reach the disk, and those before it did. What was synced is durable
    whatever the moment is. Then the style says which of the bytes that fit into the sizes are
    there. */

#include "tests/powerloss/disk_private.h"

#include <string.h>

/*  Applies of the first `count` changes some, and tears the next one. */
static void s_cut_ordered(disk_node_t *node, size_t count, op_random_t *random)
{
    size_t whole = op_random_below(random, (uint32_t)count + 1);
    for (size_t i = 0; i < whole; i++)
        disk_apply_bytes(&node->safe_bytes, &node->changes[i]);
    if (whole == count || node->changes[whole].kind != DISK_WRITE)
        return;
    disk_change_t torn = node->changes[whole];
    size_t border = op_random_below(random, 2) ? 512 : 4096;
    size_t end = torn.offset + op_random_below(random, (uint32_t)torn.size + 1);
    end -= end % border;
    torn.size = end > torn.offset ? end - torn.offset : 0;
    disk_apply_bytes(&node->safe_bytes, &torn);
}

/*  The file has the size that it had after the first `count` changes, or ends at a border before
    that; each block of it is as it was durable (zeros behind the end), or, unless `zeros`, as it
    was written. Returns whether there is a block that is not as it was written. */
static bool s_cut_blocks(disk_node_t *node, size_t count, op_random_t *random, bool zeros)
{
    size_t block = op_random_below(random, 2) ? 512 : 4096;
    op_buf_t *safe = &node->safe_bytes, all = {0};
    disk_copy_bytes(&all, safe);
    for (size_t i = 0; i < count; i++)
        disk_apply_bytes(&all, &node->changes[i]);
    size_t size = all.size;
    if (op_random_below(random, 2) && size - size % block > safe->size)
        size -= size % block;
    disk_resize(safe, size);
    bool left_out = false;
    for (size_t at = 0; at < size; at += block) {
        size_t part = size - at < block ? size - at : block;
        if (memcmp(safe->at + at, all.at + at, part) == 0)
            continue;
        if (zeros || op_random_below(random, 2))
            left_out = true;
        else
            memcpy(safe->at + at, all.at + at, part);
    }
    op_buf_free(&all);
    return left_out;
}

static bool s_cut_file(disk_node_t *node, size_t count, op_random_t *random, disk_style_t style)
{
    switch (style) {
    case DISK_NONE:
    case DISK_ALL:
        for (size_t i = 0; i < count; i++)
            disk_apply_bytes(&node->safe_bytes, &node->changes[i]);
        return false;
    case DISK_ORDERED:
        s_cut_ordered(node, count, random);
        return false;
    case DISK_ZEROS:
    case DISK_SCATTER:
        return s_cut_blocks(node, count, random, style == DISK_ZEROS);
    }
    return false;
}

/*  A moment between before the oldest change that is not durable, and now. */
static uint64_t s_moment(const disk_t *self, op_random_t *random)
{
    uint64_t oldest = self->now + 1;
    for (const disk_node_t *node = self->nodes; node; node = node->next)
        if (node->count > 0 && node->changes[0].when < oldest)
            oldest = node->changes[0].when;
    return oldest - 1 + op_random_below(random, (uint32_t)(self->now + 2 - oldest));
}

/*  How many of a node's changes are not too late to have reached the disk. */
static size_t s_reached(const disk_t *self, const disk_node_t *node, op_random_t *random,
                        disk_style_t style, uint64_t moment)
{
    if (style == DISK_NONE)
        return 0;
    if (style == DISK_ALL)
        return node->count;
    if (self->order == DISK_LOOSE)
        return op_random_below(random, (uint32_t)node->count + 1);
    size_t count = 0;
    while (count < node->count && node->changes[count].when <= moment)
        count++;
    return count;
}

bool disk_cut(disk_t *self, op_random_t *random, disk_style_t style)
{
    uint64_t moment = s_moment(self, random);
    bool damaged = false;
    for (disk_node_t *node = self->nodes; node; node = node->next) {
        size_t count = s_reached(self, node, random, style, moment);
        if (node->is_dir)
            for (size_t i = 0; i < count; i++)
                disk_apply_entry(&node->safe_entries, &node->changes[i]);
        else if (node->count > 0)
            damaged = s_cut_file(node, count, random, style) || damaged;
        disk_forget_changes(node);
        disk_copy_bytes(&node->bytes, &node->safe_bytes);
        disk_copy_entries(&node->entries, &node->safe_entries);
    }
    return damaged;
}
