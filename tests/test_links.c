/*  Tells between two actors, each with its own store, over a wire that loses, repeats and reorders:
    every number arrives exactly once and in order, through crashes of either side. */

#include "tests/tell_fixture.h"

#include <stdio.h>

/*  ---- the world ---- */

enum { ON_THE_WIRE = 256, TELLS = 40 };
static const char *const s_names[] = {"alpha", "beta"};

typedef struct {
    op_random_t random;
    int64_t now;
    op_store_t *stores[2];
    op_actor_t *actors[2];
    struct {
        unsigned to;
        op_buf_t bytes;
    } wire[ON_THE_WIRE];
    size_t on_wire;
    uint64_t commits;  /* of both */
    uint64_t crash_at; /* the commit before or behind which the power goes; 0: none */
    bool crash_behind;
    unsigned crash_chance; /* in 1000, per commit */
    op_memory_keep_t keep;
    uint64_t crashes;
} world_t;

static unsigned s_below(world_t *world, unsigned bound)
{
    return op_random_below(&world->random, bound);
}

static const uint8_t *s_entropy(world_t *world)
{
    static uint8_t entropy[OP_ENTROPY_SIZE];
    op_random_bytes(&world->random, entropy, sizeof entropy);
    return entropy;
}

static void s_boot(world_t *world, unsigned who)
{
    world->actors[who] = op_actor_new(&s_class, s_names[who], world->stores[who]);
    op_actor_start(world->actors[who], &op_nothing_type, &(op_nothing_t){0}, world->now,
                   s_entropy(world));
}

static void s_crash(world_t *world, unsigned who)
{
    world->crashes++;
    op_store_memory_crash_keeping(world->stores[who], world->keep, &world->random);
    op_actor_destroy(&world->actors[who]);
    s_boot(world, who);
}

static void s_put_on_wire(world_t *world, op_str_t to, op_str_t frame)
{
    if (world->on_wire == ON_THE_WIRE) /* full: lost */
        return;
    world->wire[world->on_wire].to = op_str_is(to, s_names[1]);
    world->wire[world->on_wire].bytes = (op_buf_t){0};
    op_buf_add_str(&world->wire[world->on_wire++].bytes, frame);
}

/*  Commits, unless the power goes just before; speaks, unless it goes just behind. */
static void s_commit(world_t *world, unsigned who)
{
    op_str_t to, frame;
    bool now = ++world->commits == world->crash_at || s_below(world, 1000) < world->crash_chance;
    bool behind = world->crash_at ? world->crash_behind : s_below(world, 2);
    if (now && !behind)
        s_crash(world, who);
    if (op_actor_commit(world->actors[who]) != 0)
        fail_msg("commit: %s", op_actor_error(world->actors[who]));
    unsigned said = now && behind ? s_below(world, 3) : UINT32_MAX; /* some of it got out */
    while (op_actor_next(world->actors[who], &to, &frame))
        if (said-- > 0)
            s_put_on_wire(world, to, frame);
        else
            break;
    if (now && behind) {
        s_crash(world, who);
        s_commit(world, who);
    }
}

static void s_take_off_wire(world_t *world, size_t place)
{
    op_buf_free(&world->wire[place].bytes);
    world->wire[place] = world->wire[--world->on_wire];
}

/*  Delivers the oldest frames, or, on a bad wire, any one, perhaps not, perhaps not only now. */
static void s_deliver(world_t *world, bool bad)
{
    if (!world->on_wire)
        return;
    size_t place = bad ? s_below(world, (unsigned)world->on_wire) : 0;
    unsigned to = world->wire[place].to, luck = bad ? s_below(world, 100) : 50;
    if (luck >= 15)
        op_actor_receive(world->actors[to], op_buf_str(&world->wire[place].bytes), world->now,
                         s_entropy(world));
    if (luck < 85) {
        op_buf_free(&world->wire[place].bytes);
        world->on_wire--;
        memmove(&world->wire[place], &world->wire[place + 1],
                (world->on_wire - place) * sizeof world->wire[0]);
    }
}

static void s_note(world_t *world, unsigned who)
{
    if (s_stored(world->stores[who], s_names[who], op_key('s')) < TELLS) {
        op_by_id_t note = {op_str(s_names[!who])};
        drive_note(world->actors[who], "port", &op_by_id_type, &note, world->now);
    }
}

static bool s_done(world_t *world)
{
    for (unsigned who = 0; who < 2; who++) {
        char outbox[32];
        snprintf(outbox, sizeof outbox, "%s!o", s_names[who]);
        uint64_t sent = s_stored(world->stores[!who], s_names[!who], op_key('s'));
        if (sent < TELLS || s_stored(world->stores[who], s_names[who], op_key('c')) < sent ||
            drive_rows(world->stores[who], outbox) > 0)
            return false;
    }
    return true;
}

static void s_open_world(world_t *world, uint64_t seed)
{
    uint8_t entropy[OP_ENTROPY_SIZE] = {0};
    memcpy(entropy, &seed, sizeof seed);
    op_random_seed(&world->random, entropy);
    world->now = DRIVE_NOW;
    for (unsigned who = 0; who < 2; who++) {
        world->stores[who] = op_store_memory_new();
        s_boot(world, who);
        s_commit(world, who);
    }
}

static void s_close_world(world_t *world)
{
    while (world->on_wire)
        s_take_off_wire(world, world->on_wire - 1);
    for (unsigned who = 0; who < 2; who++) {
        op_actor_destroy(&world->actors[who]);
        op_store_destroy(&world->stores[who]);
    }
}

/*  A bad time, then a good one in which everything must arrive. */
static void s_run(world_t *world, unsigned bad_rounds)
{
    s_more_tells = 1;
    for (unsigned round = 0; round < bad_rounds + 4000; round++) {
        bool bad = round < bad_rounds;
        unsigned who = s_below(world, 2);
        for (unsigned i = s_below(world, 4); i > 0; i--)
            s_deliver(world, bad);
        if (s_below(world, 3) == 0)
            s_note(world, who);
        world->now += s_below(world, 300);
        if (bad && s_below(world, 100) == 0)
            world->now -= 30000; /* somebody set the clock */
        op_actor_tick(world->actors[who], world->now, s_entropy(world));
        s_commit(world, 0);
        s_commit(world, 1);
        if (!bad)
            world->crash_chance = 0;
        if (!bad && s_done(world))
            break;
    }
    assert_true(s_done(world));
    for (unsigned who = 0; who < 2; who++)
        s_expect_taken(world->stores[who], s_names[who],
                       s_stored(world->stores[!who], s_names[!who], op_key('s')));
}

static void test_a_bad_wire(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        world_t world = {0};
        s_open_world(&world, seed);
        s_run(&world, 200);
        op_actor_counts_t counts = op_actor_counts(world.actors[0]);
        assert_int_equal(counts.bad, 0);
        assert_true(counts.repeats > 0 && counts.early > 0 && counts.resent > 0);
        s_close_world(&world);
    }
}

static void test_crashes_anywhere(void **state)
{
    (void)state;
    uint64_t crashes = 0;
    for (uint64_t seed = 1000; seed < 1060; seed++) {
        world_t world = {.crash_chance = 60, .keep = (op_memory_keep_t)(seed % 3)};
        s_open_world(&world, seed);
        s_run(&world, 300);
        crashes += world.crashes;
        s_close_world(&world);
    }
    assert_true(crashes > 1000);
}

/*  One crash, at each commit in turn, before and behind it. */
static void test_a_crash_at_every_commit(void **state)
{
    (void)state;
    for (uint64_t crash_at = 1; crash_at <= 120; crash_at++)
        for (int behind = 0; behind < 2; behind++) {
            world_t world = {.crash_at = crash_at, .crash_behind = behind};
            s_open_world(&world, 7);
            s_run(&world, 40);
            assert_int_equal(world.crashes, 1);
            s_close_world(&world);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bad_wire),
        cmocka_unit_test(test_crashes_anywhere),
        cmocka_unit_test(test_a_crash_at_every_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
