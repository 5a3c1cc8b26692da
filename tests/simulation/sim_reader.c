/*  sim_reader.c - the end of a run: each user signs in if need be, looks at the lists of the
    console, and reads all messages of every number that is surely his, to the last page */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

/*  The next thing to read: 0 the shared number, then the leases in the order of their beginning.
    Those that are not, or not surely, the user's are passed over. */
static bool s_wanted(const sim_t *self, int user, int scope, int *number, int *lease)
{
    *lease = scope - 1;
    *number = 0;
    if (scope == 0)
        return true;
    const model_lease_t *of = &self->model.leases[*lease];
    *number = of->number;
    return of->user == user && model_surely_there(&of->life, of->life.made, self->now);
}

static int s_key_for(const sim_t *self, int user, int number, int lease)
{
    for (int i = self->model.key_count - 1; i >= 0; i--) {
        const model_key_t *key = &self->model.keys[i];
        if (key->user == user && key->number == number && (number == 0 || key->lease == lease) &&
            model_key_sure(&self->model, i, key->life.made, self->now))
            return i;
    }
    return MODEL_NONE;
}

static void s_read_scopes(sim_t *self, int user)
{
    sim_user_t *of = &self->users[user];
    int number, lease;
    while (of->scopes_read <= self->model.lease_count &&
           !s_wanted(self, user, of->scopes_read, &number, &lease))
        of->scopes_read++;
    if (of->scopes_read > self->model.lease_count) {
        of->done = true;
        return;
    }
    int key = s_key_for(self, user, number, lease);
    if (key == MODEL_NONE)
        sim_user_creates_key(self, user, number);
    else
        sim_user_lists(self, user, key);
}

void sim_user_reads_all(sim_t *self, int user)
{
    static const struct {
        uint64_t bit;
        sim_do_t what;
    } checks[] = {{SIM_CHECK_KEYS, SIM_DO_KEYS},
                  {SIM_CHECK_HOOKS, SIM_DO_HOOKS},
                  {SIM_CHECK_AVAILABLE, SIM_DO_AVAILABLE},
                  {SIM_CHECK_MINE, SIM_DO_MINE}};
    sim_user_t *of = &self->users[user];
    if (op_id_is_none(self->model.accounts[user]) || of->done || of->gone) {
        of->done = true;
        return;
    }
    if (of->busy || of->rest_until > self->now)
        return;
    if (of->session == MODEL_NONE) {
        sim_user_signs_in(self, user);
        return;
    }
    for (size_t i = 0; i < OP_COUNT(checks); i++)
        if (of->to_check & checks[i].bit) {
            sim_user_asks_list(self, user, checks[i].what);
            return;
        }
    s_read_scopes(self, user);
}
