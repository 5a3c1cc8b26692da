#include "store/backup.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, HASH = 32, HEAD = 20, PIECE_HEAD = 5, ROW_HEAD = 8, END_SIZE = 8 };

static const char s_magic[] = "OPBACKUP";

static void s_put(uint8_t *to, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(number >> 8 * (size - 1 - i));
}

static uint64_t s_take(const uint8_t *from, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | from[i];
    return number;
}

/*  The next link of the chain of hashes. */
static void s_chain(uint8_t hash[HASH], const void *bytes, size_t size)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH);
    crypto_generichash_update(&state, hash, HASH);
    crypto_generichash_update(&state, bytes, size);
    crypto_generichash_final(&state, hash, HASH);
}

/*  ---- Writing ---- */

typedef enum { AT_HEAD, AT_ROWS, AT_END } place_t;

struct op_backup {
    op_store_range_t *range;
    place_t place;
    int64_t taken;
    uint64_t rows;
    uint8_t hash[HASH];
};

op_backup_t *op_backup_new(op_store_t *frozen, int64_t now)
{
    op_backup_t *self = op_alloc(sizeof *self);
    *self = (op_backup_t){.range = op_store_range(frozen, (op_str_t){0}, (op_str_t){0}, false),
                          .taken = now};
    return self;
}

void op_backup_destroy(op_backup_t **self_p)
{
    OP_ASSERT(self_p);
    op_backup_t *self = *self_p;
    if (!self)
        return;
    op_store_range_destroy(&self->range);
    free(self);
    *self_p = NULL;
}

static void s_head(op_backup_t *self, op_buf_t *out)
{
    uint8_t head[HEAD];
    memcpy(head, s_magic, 8);
    s_put(head + 8, VERSION, 4);
    s_put(head + 12, (uint64_t)self->taken, 8);
    s_chain(self->hash, head, sizeof head);
    op_buf_add(out, head, sizeof head);
    self->place = AT_ROWS;
}

static void s_add_row(op_buf_t *out, op_str_t key, op_str_t value)
{
    uint8_t head[ROW_HEAD];
    s_put(head, key.size, 4);
    s_put(head + 4, value.size, 4);
    op_buf_add(out, head, sizeof head);
    op_buf_add_str(out, key);
    op_buf_add_str(out, value);
}

/*  The piece or end in *out is whole but for its size and hash. */
static void s_seal(op_backup_t *self, op_buf_t *out)
{
    s_put((uint8_t *)out->at + 1, out->size - PIECE_HEAD, 4);
    s_chain(self->hash, out->at, out->size);
    op_buf_add(out, self->hash, HASH);
}

static void s_end(op_backup_t *self, op_buf_t *out)
{
    uint8_t end[PIECE_HEAD + END_SIZE] = {'E'};
    s_put(end + PIECE_HEAD, self->rows, END_SIZE);
    op_buf_add(out, end, sizeof end);
    s_seal(self, out);
    self->place = AT_END;
}

int op_backup_next(op_backup_t *self, op_buf_t *out)
{
    op_buf_clear(out);
    if (self->place == AT_END)
        return 0;
    if (self->place == AT_HEAD) {
        s_head(self, out);
        return 1;
    }
    op_str_t key, value;
    int rc = 1;
    op_buf_add(out, "P\0\0\0", PIECE_HEAD);
    while (out->size < OP_BACKUP_PIECE &&
           (rc = op_store_range_next(self->range, &key, &value)) > 0) {
        s_add_row(out, key, value);
        self->rows++;
    }
    if (rc < 0)
        return -1;
    if (out->size > PIECE_HEAD) {
        s_seal(self, out);
    } else {
        op_buf_clear(out);
        s_end(self, out);
    }
    return 1;
}

/*  ---- Reading ---- */

typedef struct {
    const op_backup_reader_t *reader;
    op_backup_facts_t *facts;
    char *error;
    op_buf_t piece; /* its tag, size and rows */
    op_buf_t key;   /* the last row's */
    uint8_t hash[HASH];
} reading_t;

static int s_wrong(reading_t *self, const char *what)
{
    snprintf(self->error, 256, "the backup is damaged: %s", what);
    return -1;
}

/*  Exactly so many octets, appended to the piece. */
static int s_fill(reading_t *self, size_t size)
{
    uint8_t bytes[16 << 10];
    while (size) {
        size_t want = size < sizeof bytes ? size : sizeof bytes;
        long got = self->reader->source(self->reader->arg, bytes, want);
        if (got < 0) {
            snprintf(self->error, 256, "the backup cannot be read");
            return -1;
        }
        if (got == 0)
            return s_wrong(self, "it is cut short");
        op_buf_add(&self->piece, bytes, (size_t)got);
        size -= (size_t)got;
    }
    return 0;
}

static int s_read_head(reading_t *self)
{
    if (s_fill(self, HEAD) != 0)
        return -1;
    const uint8_t *head = (const uint8_t *)self->piece.at;
    if (memcmp(head, s_magic, 8) != 0) {
        snprintf(self->error, 256, "this is no backup of OP");
        return -1;
    }
    if (s_take(head + 8, 4) != VERSION) {
        snprintf(self->error, 256, "the backup's form has version %llu, this program reads %d",
                 (unsigned long long)s_take(head + 8, 4), VERSION);
        return -1;
    }
    self->facts->taken = (int64_t)s_take(head + 12, 8);
    s_chain(self->hash, head, HEAD);
    return 0;
}

/*  The next piece or end, proven by its hash. */
static int s_read_piece(reading_t *self)
{
    op_buf_clear(&self->piece);
    if (s_fill(self, PIECE_HEAD) != 0)
        return -1;
    uint64_t size = s_take((const uint8_t *)self->piece.at + 1, 4);
    if (size > OP_BACKUP_PIECE_MAX)
        return s_wrong(self, "a piece is too large");
    if (s_fill(self, size + HASH) != 0)
        return -1;
    self->piece.size -= HASH;
    s_chain(self->hash, self->piece.at, self->piece.size);
    if (sodium_memcmp(self->hash, self->piece.at + self->piece.size, HASH) != 0)
        return s_wrong(self, "a checksum does not fit");
    return 0;
}

static int s_give_row(reading_t *self, op_str_t key, op_str_t value)
{
    if (self->facts->rows && op_str_compare(key, op_buf_str(&self->key)) <= 0)
        return s_wrong(self, "its rows are out of order");
    op_buf_clear(&self->key);
    op_buf_add_str(&self->key, key);
    self->facts->rows++;
    self->facts->bytes += key.size + value.size;
    return self->reader->row(self->reader->arg, key, value, self->error);
}

static int s_give_rows(reading_t *self)
{
    op_str_t left = op_str_of(self->piece.at + PIECE_HEAD, self->piece.size - PIECE_HEAD);
    while (left.size) {
        if (left.size < ROW_HEAD)
            return s_wrong(self, "a row is cut short");
        uint64_t key = s_take((const uint8_t *)left.at, 4);
        uint64_t value = s_take((const uint8_t *)left.at + 4, 4);
        if (key + value > left.size - ROW_HEAD)
            return s_wrong(self, "a row is cut short");
        const char *at = left.at + ROW_HEAD;
        if (s_give_row(self, op_str_of(at, key), op_str_of(at + key, value)) != 0)
            return -1;
        left = op_str_of(at + key + value, left.size - ROW_HEAD - key - value);
    }
    return 0;
}

static int s_read_end(reading_t *self)
{
    uint8_t more;
    if (self->piece.size != PIECE_HEAD + END_SIZE ||
        s_take((const uint8_t *)self->piece.at + PIECE_HEAD, END_SIZE) != self->facts->rows)
        return s_wrong(self, "rows are missing");
    if (self->reader->source(self->reader->arg, &more, 1) != 0)
        return s_wrong(self, "something stands behind its end");
    return 0;
}

static int s_read(reading_t *self)
{
    if (s_read_head(self) != 0)
        return -1;
    while (s_read_piece(self) == 0) {
        char tag = self->piece.at[0];
        if (tag == 'E')
            return s_read_end(self);
        if (tag != 'P')
            return s_wrong(self, "a piece of unknown kind");
        if (s_give_rows(self) != 0)
            return -1;
    }
    return -1;
}

int op_backup_read(const op_backup_reader_t *reader, op_backup_facts_t *facts, char error[256])
{
    reading_t self = {.reader = reader, .facts = facts, .error = error};
    *facts = (op_backup_facts_t){0};
    int rc = s_read(&self);
    op_buf_free(&self.piece);
    op_buf_free(&self.key);
    return rc;
}
