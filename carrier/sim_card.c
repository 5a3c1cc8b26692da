#include "carrier/sim_card.h"

#include "carrier/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool op_sim_queue_put(op_sim_queue_t *self, op_str_t pdu)
{
    if (self->count == OP_CARRIER_WAITING_MAX)
        return false;
    if (self->count == self->capacity) {
        size_t capacity = self->capacity ? 2 * self->capacity : 16;
        char **at = op_alloc(capacity * sizeof(*at));
        for (size_t i = 0; i < self->count; i++)
            at[i] = self->at[(self->first + i) % self->capacity];
        free(self->at);
        *self = (op_sim_queue_t){.at = at, .count = self->count, .capacity = capacity};
    }
    self->at[(self->first + self->count++) % self->capacity] = op_strdup(pdu);
    return true;
}

const char *op_sim_queue_front(const op_sim_queue_t *self)
{
    OP_ASSERT(self->count);
    return self->at[self->first];
}

void op_sim_queue_drop(op_sim_queue_t *self)
{
    OP_ASSERT(self->count);
    free(self->at[self->first]);
    self->first = (self->first + 1) % self->capacity;
    self->count--;
}

void op_sim_queue_free(op_sim_queue_t *self)
{
    while (self->count)
        op_sim_queue_drop(self);
    free(self->at);
    memset(self, 0, sizeof(*self));
}

char op_sim_luhn(const char *digits)
{
    unsigned sum = 0;
    size_t size = strlen(digits);
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned)(digits[size - 1 - i] - '0') * (i % 2 == 0 ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

op_sim_card_t *op_sim_card_new(size_t index, op_str_t number)
{
    op_sim_card_t *self = op_alloc(sizeof(*self));
    char digits[32];
    memset(self, 0, sizeof(*self));
    self->index = index;
    bool whole = op_str_copy(number, self->number, sizeof(self->number));
    snprintf(digits, sizeof(digits), "310170%09u", 845160000 + (unsigned)index);
    whole &= op_str_copy(op_str(digits), self->imsi, sizeof(self->imsi));
    snprintf(digits, sizeof(digits), "89014103%010u", 2711806000U + (unsigned)index);
    snprintf(self->iccid, sizeof(self->iccid), "%.18s%c", digits, op_sim_luhn(digits));
    OP_ASSERT(whole);
    return self;
}

void op_sim_card_destroy(op_sim_card_t **self_p)
{
    op_sim_card_t *self = *self_p;
    if (self == NULL)
        return;
    op_sim_store_free(&self->store);
    op_sim_queue_free(&self->delivers);
    op_sim_queue_free(&self->reports);
    free(self);
    *self_p = NULL;
}
