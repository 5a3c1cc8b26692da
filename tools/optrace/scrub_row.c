#include "tools/optrace/scrub.h"

#include "store/record.h"
#include "store/records.h"

#include <stdlib.h>
#include <string.h>

/*  Where people stand in keys (each core's header has the list of its keys): behind the tag an id
    (i), a text up to NUL with a phone or sender (t), all the rest with an address (a), or with the
    hash of what can be guessed (h). */
static const struct {
    const char *class;
    char tag;
    const char *parts;
} s_keys[] = {{"auth", 'p', "t"},    {"rate", 'p', "h"},  {"rate", 'a', "a"},  {"rate", 'A', "a"},
              {"ledger", 'y', "ih"}, {"modem", 'I', "h"}, {"modem", 'W', "h"}, {"ledger", 'e', "t"},
              {"ledger", 'p', "it"}, {"modem", 'Q', "t"}, {"modem", 'L', "t"}, {"modem", 'P', "tt"},
              {"modem", 'H', "t"},   {"modem", 'R', "t"}, {"modem", 'E', "t"}, {"modem", 'B', "t"},
              {"modem", 'D', "t"}};

static const char *s_parts(const char *class, char tag)
{
    for (size_t i = 0; i < OP_COUNT(s_keys); i++)
        if (strcmp(class, s_keys[i].class) == 0 && s_keys[i].tag == tag)
            return s_keys[i].parts;
    return "";
}

/*  Ids and hashes within a key: those that they have become. */
static void s_learned(const op_pseudonym_t *names, op_str_t key, size_t at, char *bytes)
{
    static const size_t sizes[] = {sizeof(op_hash_t), sizeof(op_id_t)};
    while (at < key.size) {
        size_t step = 1;
        for (size_t i = 0; i < OP_COUNT(sizes) && step == 1; i++) {
            op_str_t now;
            if (key.size - at < sizes[i] ||
                !op_pseudonym_known(names, op_str_of(key.at + at, sizes[i]), &now))
                continue;
            memcpy(bytes + at, now.at, sizes[i]);
            step = sizes[i];
        }
        at += step;
    }
}

static op_str_t s_key(const op_pseudonym_t *names, const op_tape_actor_t *actor, op_str_t key,
                      op_arena_t *arena)
{
    size_t name = strlen(actor->name);
    if (key.size < name + 2 || key.at[name] != '/')
        return key;
    op_str_t copy = op_arena_copy(arena, key);
    char *bytes = op_arena_alloc(arena, key.size);
    memcpy(bytes, copy.at, key.size);
    size_t at = name + 2;
    s_learned(names, key, at, bytes);
    for (const char *part = s_parts(actor->class, key.at[name + 1]); *part && at < key.size;
         part++) {
        size_t end = key.size;
        if (*part == 'i')
            end = at + sizeof(op_id_t);
        else if (*part == 't') {
            const char *nul = memchr(key.at + at, 0, key.size - at);
            end = nul ? (size_t)(nul - key.at) : key.size;
        }
        op_str_t old = op_str_of(key.at + at, end - at);
        op_str_t now;
        if (*part == 'a')
            memcpy(bytes + at, op_pseudonym_address(names, old, arena).at, old.size);
        else if (*part == 'h' && !op_pseudonym_known(names, old, &now))
            op_pseudonym_octets(names, old.at, old.size, bytes + at);
        else if (*part == 't')
            memcpy(bytes + at, op_pseudonym_peer(names, old, arena).at, old.size);
        at = end + (*part == 't');
    }
    return op_str_of(bytes, key.size);
}

static op_str_t s_value(const op_pseudonym_t *names, op_str_t sealed, op_arena_t *arena)
{
    size_t count;
    const op_type_t *const *types = op_record_types(&count);
    for (size_t i = 0; i < count; i++) {
        void *value = op_arena_alloc(arena, types[i]->size);
        if (op_record_open(types[i], sealed, arena, value))
            continue;
        op_scrub_value(names, types[i], value, arena);
        op_buf_t out = {0};
        op_record_seal(types[i], value, &out);
        op_str_t copy = op_arena_copy(arena, op_buf_str(&out));
        op_buf_free(&out);
        return copy;
    }
    return op_str_of("", 0); /* damage, and it stays damage */
}

op_tape_row_t op_scrub_row(const op_pseudonym_t *names, const op_tape_actor_t *actor,
                           const op_tape_row_t *row, op_arena_t *arena)
{
    return (op_tape_row_t){s_key(names, actor, row->key, arena), s_value(names, row->value, arena)};
}
