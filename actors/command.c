#include "actors/command.h"

#include "transport/clock.h"

#include <stdlib.h>
#include <string.h>

bool op_command_wait(zactor_t *actor, int64_t deadline, char **word, char **detail)
{
    *word = *detail = NULL;
    int64_t wait = deadline - op_clock_steady();
    zmq_pollitem_t item = {.socket = zsock_resolve(actor), .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, wait > 0 ? (long)wait : 0) <= 0)
        return false;
    zstr_recvx(actor, word, detail, NULL);
    return *word != NULL;
}

static void s_send(void *pipe, const char *word, uint64_t round)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)round);
    zstr_sendx(pipe, word, text, NULL);
}

void op_command_tell(const op_command_t *self, zactor_t *const *actors, size_t count)
{
    OP_ASSERT(strlen(self->word) < OP_COMMAND_MAX);
    for (size_t i = 0; i < count; i++) {
        zsock_set_sndtimeo(zactor_sock(actors[i]), 0);
        s_send(actors[i], self->word, self->round);
    }
}

/*  Its answer to this round, whatever else comes before. */
static bool s_answered(const op_command_t *self, zactor_t *actor, int64_t deadline)
{
    bool current = false, good = false;
    while (!current) {
        char *word, *round;
        if (!op_command_wait(actor, deadline, &word, &round))
            return false;
        current = round && strtoull(round, NULL, 10) == self->round;
        good = strcmp(word, self->answer) == 0;
        zstr_free(&word);
        zstr_free(&round);
    }
    return good;
}

size_t op_command_await(const op_command_t *self, zactor_t *const *actors, size_t count,
                        int64_t deadline_ms)
{
    int64_t deadline = op_clock_steady() + deadline_ms;
    size_t missing = count;
    for (size_t i = 0; i < count; i++)
        if (!s_answered(self, actors[i], deadline) && missing == count)
            missing = i;
    return missing;
}

uint64_t op_command_receive(zsock_t *pipe, char word[OP_COMMAND_MAX])
{
    char *text = NULL, *round = NULL;
    zstr_recvx(pipe, &text, &round, NULL);
    snprintf(word, OP_COMMAND_MAX, "%s", text ? text : "");
    uint64_t number = round ? strtoull(round, NULL, 10) : 0;
    zstr_free(&text);
    zstr_free(&round);
    return number;
}

void op_command_answer(zsock_t *pipe, const char *word, uint64_t round)
{
    s_send(pipe, word, round);
}

void op_command_refuse(zsock_t *pipe, uint64_t round)
{
    char word[OP_COMMAND_MAX];
    do {
        if (round)
            op_command_answer(pipe, "FAILED", round);
        round = op_command_receive(pipe, word);
    } while (*word && strcmp(word, "$TERM") != 0);
}
