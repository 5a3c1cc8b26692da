/*  The model of the disk by itself: journals made by hand, and what each style leaves of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/powerloss/disk.h"
#include "tests/powerloss/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_SEEDS = 200 };

typedef struct {
    op_buf_t journal;
    op_buf_t seen; /* "NAME=SIZE;" of what is there, in any order */
    op_buf_t file; /* the bytes of the last file */
} s_fixture_t;

static void s_note(s_fixture_t *self, journal_record_t record, const char *bytes, size_t size)
{
    record.size = size;
    op_buf_add(&self->journal, &record, sizeof record);
    op_buf_add(&self->journal, bytes, size);
}

static void s_name(s_fixture_t *self, journal_kind_t kind, uint64_t handle, const char *name)
{
    s_note(self, (journal_record_t){.kind = (uint32_t)kind, .handle = handle}, name, strlen(name));
}

static void s_open(s_fixture_t *self, journal_kind_t kind, uint64_t handle, int flags,
                   const char *name)
{
    s_note(self,
           (journal_record_t){.kind = (uint32_t)kind, .handle = handle, .flags = (uint32_t)flags},
           name, strlen(name));
}

static void s_write(s_fixture_t *self, uint64_t handle, uint64_t offset, size_t size)
{
    char *bytes = op_alloc(size);
    memset(bytes, 'x', size);
    s_note(self, (journal_record_t){.kind = JOURNAL_WRITE, .handle = handle, .offset = offset},
           bytes, size);
    free(bytes);
}

static void s_sync(s_fixture_t *self, uint64_t handle)
{
    s_note(self, (journal_record_t){.kind = JOURNAL_SYNC, .handle = handle}, "", 0);
}

static void s_rename(s_fixture_t *self, const char *from, const char *to)
{
    char both[64];
    snprintf(both, sizeof both, "%s%s", from, to);
    s_note(self, (journal_record_t){.kind = JOURNAL_RENAME, .offset = strlen(from)}, both,
           strlen(both));
}

static void s_see(const char *name, const op_buf_t *bytes, void *context)
{
    s_fixture_t *self = context;
    op_buf_printf(&self->seen, "%s=%zu;", name, bytes ? bytes->size : 0);
    if (!bytes)
        return;
    op_buf_clear(&self->file);
    op_buf_add(&self->file, bytes->at, bytes->size);
}

/*  Plays the journal on a new disk, cuts the power, and fills `seen` and `file`. */
static bool s_cut(s_fixture_t *self, disk_hearing_t hearing, disk_style_t style, unsigned seed)
{
    disk_t *disk = disk_new(DISK_JOURNALED, hearing);
    disk_play(disk, op_buf_str(&self->journal));
    op_random_t random;
    uint8_t entropy[OP_ENTROPY_SIZE] = {(uint8_t)seed, (uint8_t)(seed >> 8)};
    op_random_seed(&random, entropy);
    bool damaged = disk_cut(disk, &random, style);
    op_buf_clear(&self->seen);
    op_buf_clear(&self->file);
    disk_walk(disk, s_see, self);
    disk_destroy(&disk);
    assert_null(disk);
    return damaged;
}

static void s_assert_left(s_fixture_t *self, disk_hearing_t hearing, disk_style_t style,
                          const char *expected)
{
    s_cut(self, hearing, style, 1);
    op_buf_add_byte(&self->seen, 0);
    assert_string_equal(self->seen.at, expected);
}

static int s_setup(void **state)
{
    s_fixture_t *self = op_alloc(sizeof *self);
    *self = (s_fixture_t){0};
    *state = self;
    return 0;
}

static int s_teardown(void **state)
{
    s_fixture_t *self = *state;
    op_buf_free(&self->journal);
    op_buf_free(&self->seen);
    op_buf_free(&self->file);
    free(self);
    return 0;
}

/*  A synced file without a synced name is gone, and the other way round it is empty. */
static void s_test_names_and_bytes(void **state)
{
    s_fixture_t *self = *state;
    s_open(self, JOURNAL_CREATE, 1, O_WRONLY | O_CREAT, "a");
    s_write(self, 1, 0, 100);
    s_sync(self, 1);
    s_assert_left(self, DISK_HEARS_ALL, DISK_NONE, "");
    s_open(self, JOURNAL_OPEN, 2, O_RDONLY | O_DIRECTORY, "");
    s_sync(self, 2);
    s_write(self, 1, 100, 50);
    s_assert_left(self, DISK_HEARS_ALL, DISK_NONE, "a=100;");
    s_assert_left(self, DISK_HEARS_ALL, DISK_ALL, "a=150;");
    s_assert_left(self, DISK_DEAF_TO_NAMES, DISK_NONE, "");
    s_open(self, JOURNAL_OPEN, 3, O_RDONLY, "a");
    s_sync(self, 3);
    s_assert_left(self, DISK_HEARS_ALL, DISK_NONE, "a=150;");
    s_assert_left(self, DISK_DEAF_TO_LOGS, DISK_NONE, "a=100;");
}

static void s_test_rename_and_unlink(void **state)
{
    s_fixture_t *self = *state;
    s_name(self, JOURNAL_MKDIR, 0, "d");
    s_open(self, JOURNAL_OPEN, 1, O_RDONLY, "");
    s_sync(self, 1);
    s_open(self, JOURNAL_CREATE, 2, O_WRONLY | O_CREAT, "d/tmp");
    s_open(self, JOURNAL_OPEN, 3, O_RDONLY, "d");
    s_sync(self, 3);
    s_rename(self, "d/tmp", "d/CURRENT");
    s_assert_left(self, DISK_HEARS_ALL, DISK_NONE, "d=0;d/tmp=0;");
    s_assert_left(self, DISK_HEARS_ALL, DISK_ALL, "d=0;d/CURRENT=0;");
    s_sync(self, 3);
    s_name(self, JOURNAL_UNLINK, 0, "d/CURRENT");
    s_assert_left(self, DISK_HEARS_ALL, DISK_NONE, "d=0;d/CURRENT=0;");
    s_assert_left(self, DISK_HEARS_ALL, DISK_ALL, "d=0;");
}

/*  A file emptied by O_TRUNC, and cut to a size. */
static void s_test_truncate(void **state)
{
    s_fixture_t *self = *state;
    s_open(self, JOURNAL_CREATE, 1, O_WRONLY | O_CREAT, "a");
    s_write(self, 1, 0, 100);
    s_sync(self, 1);
    s_open(self, JOURNAL_OPEN, 2, O_RDONLY, "");
    s_sync(self, 2);
    s_note(self, (journal_record_t){.kind = JOURNAL_TRUNCATE, .handle = 1, .offset = 7}, "", 0);
    s_assert_left(self, DISK_HEARS_ALL, DISK_NONE, "a=100;");
    s_assert_left(self, DISK_HEARS_ALL, DISK_ALL, "a=7;");
    s_open(self, JOURNAL_OPEN, 3, O_WRONLY | O_TRUNC, "a");
    s_assert_left(self, DISK_HEARS_ALL, DISK_ALL, "a=0;");
}

/*  Whatever the seed: the synced part is whole, what follows is as the style says, and each style
    leaves different sizes now and then. */
static void s_test_styles(void **state)
{
    s_fixture_t *self = *state;
    s_open(self, JOURNAL_CREATE, 1, O_WRONLY | O_CREAT, "a");
    s_open(self, JOURNAL_OPEN, 2, O_RDONLY, "");
    s_sync(self, 2);
    s_write(self, 1, 0, 1000);
    s_sync(self, 1);
    s_write(self, 1, 1000, 5000);
    s_write(self, 1, 6000, 9000);
    for (disk_style_t style = DISK_NONE; (int)style < DISK_STYLES; style++) {
        unsigned zeros = 0, torn = 0, damaged = 0;
        for (unsigned seed = 0; seed < S_SEEDS; seed++) {
            damaged += s_cut(self, DISK_HEARS_ALL, style, seed);
            assert_in_range(self->file.size, 1000, 15000);
            assert_null(memchr(self->file.at, 0, 1000));
            zeros += memchr(self->file.at, 0, self->file.size) != NULL;
            torn += self->file.size != 1000 && self->file.size != 6000 && self->file.size != 15000;
        }
        assert_int_equal(zeros, damaged);
        assert_int_equal(damaged > 0, style == DISK_ZEROS || style == DISK_SCATTER);
        assert_int_equal(torn > 0, style >= DISK_ORDERED);
    }
}

/*  A size that is on the disk has the names before it there, too. */
static void s_test_order(void **state)
{
    s_fixture_t *self = *state;
    s_open(self, JOURNAL_CREATE, 1, O_WRONLY | O_CREAT, "m");
    s_open(self, JOURNAL_OPEN, 2, O_RDONLY, "");
    s_sync(self, 2);
    s_open(self, JOURNAL_CREATE, 3, O_WRONLY | O_CREAT, "t");
    s_write(self, 1, 0, 600);
    unsigned neither = 0, name = 0, both = 0;
    for (unsigned seed = 0; seed < S_SEEDS; seed++) {
        s_cut(self, DISK_HEARS_ALL, DISK_ORDERED, seed);
        op_buf_add_byte(&self->seen, 0);
        bool has_name = strstr(self->seen.at, "t=0;") != NULL;
        bool has_size = strstr(self->seen.at, "m=0;") == NULL;
        assert_true(has_name || !has_size);
        neither += !has_name && !has_size;
        name += has_name && !has_size;
        both += has_name && has_size;
    }
    assert_true(neither > 0 && name > 0 && both > 0);
}

/*  A record that the crash cut short is as if it had not been written. */
static void s_test_short_journal(void **state)
{
    s_fixture_t *self = *state;
    s_open(self, JOURNAL_CREATE, 1, O_WRONLY | O_CREAT, "a");
    s_write(self, 1, 0, 100);
    size_t whole = self->journal.size;
    s_write(self, 1, 100, 100);
    for (size_t size = whole; size < whole + sizeof(journal_record_t) + 100; size++) {
        self->journal.size = size;
        s_assert_left(self, DISK_HEARS_ALL, DISK_ALL, "a=100;");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(s_test_names_and_bytes, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(s_test_rename_and_unlink, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(s_test_truncate, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(s_test_styles, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(s_test_order, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(s_test_short_journal, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
