/*  sim_texts.c - what people write: short and long, in every alphabet, with characters where parts
    are cut */

#include "tests/simulation/sim_private.h"

#include "base/utf8.h"

#include <string.h>

typedef struct {
    const char *const *words;
    size_t count;
} vocabulary_t;

static const char *const s_plain[] = {
    "yes ", "no ", "see you at 5 ", "ok ", "call me. ", "where are you? ", "a", "b", "@ $ "};
static const char *const s_extension[] = {"{", "}", "[", "]", "\xe2\x82\xac", "~", "x", "|", "^"};
static const char *const s_accents[] = {
    "\xc3\xa9", "\xc3\xa8 ", "\xd0\xb4\xd0\xb0 ", "\xe4\xbd\xa0\xe5\xa5\xbd", " ", "z"};
static const char *const s_emoji[] = {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x81", "\xf0\x9f\x91\x8d",
                                      "\xf0\x9f\x8e\x89", "y"};

static const vocabulary_t s_vocabularies[] = {{s_plain, OP_COUNT(s_plain)},
                                              {s_extension, OP_COUNT(s_extension)},
                                              {s_accents, OP_COUNT(s_accents)},
                                              {s_emoji, OP_COUNT(s_emoji)}};

/*  How many words: mostly few. */
static size_t s_words(sim_t *self)
{
    uint32_t kind = sim_pick(self, 20);
    return kind < 12   ? sim_pick(self, 8)
           : kind < 18 ? 20 + sim_pick(self, 180)
                       : sim_pick(self, 1500);
}

char *sim_some_text(sim_t *self, const char *tag)
{
    const vocabulary_t *words = &s_vocabularies[sim_pick(self, OP_COUNT(s_vocabularies))];
    op_buf_t text = {0};
    size_t count = s_words(self), points = strlen(tag);
    size_t tag_at = sim_pick(self, count + 1);
    for (size_t i = 0; i <= count; i++) {
        if (i == tag_at)
            op_buf_add_str(&text, op_str(tag));
        const char *word = words->words[sim_pick(self, words->count)];
        points += (size_t)op_utf8_count(op_str(word));
        if (points <= OP_BODY_CHARACTERS_MAX)
            op_buf_add_str(&text, op_str(word));
    }
    char *copy = op_strdup(op_buf_str(&text));
    op_buf_free(&text);
    return copy;
}
