/*  store_fixture.h - what the tests of the store share: scratch directories and short row
    helpers */

#ifndef OP_TESTS_STORE_FIXTURE_H
#define OP_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCRATCH_PATH = 64 };

/*  A new directory under /tmp; the caller removes it with scratch_remove. */
static inline void scratch_make(char path[SCRATCH_PATH])
{
    snprintf(path, SCRATCH_PATH, "/tmp/op-store-XXXXXX");
    assert_non_null(mkdtemp(path));
}

/*  Calls `each` with the path of every plain file of `dir`. */
static inline void scratch_each(const char *dir, void (*each)(const char *path, void *context),
                                void *context)
{
    DIR *list = opendir(dir);
    if (!list)
        return;
    for (struct dirent *entry; (entry = readdir(list));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_type == DT_REG)
            each(path, context);
    }
    closedir(list);
}

static inline void scratch_unlink(const char *path, void *context)
{
    (void)context;
    unlink(path);
}

/*  `path` holds databases only: one level of directories below it. */
static inline void scratch_remove(const char *path)
{
    char db[2 * SCRATCH_PATH];
    snprintf(db, sizeof db, "%s/db", path);
    scratch_each(db, scratch_unlink, NULL);
    rmdir(db);
    rmdir(path);
}

static inline void put(op_store_t *store, op_str_t key, op_str_t value, bool sync)
{
    op_batch_t batch = {0};
    op_batch_put(&batch, key, value);
    assert_int_equal(op_store_write(store, &batch, sync), 0);
    op_batch_free(&batch);
}

static inline void barrier(op_store_t *store)
{
    op_batch_t batch = {0};
    assert_int_equal(op_store_write(store, &batch, true), 0);
}

/*  Is the row there with this value? A NULL `value` asks whether it is not there. */
static inline bool has(op_store_t *store, op_str_t key, const char *value)
{
    op_buf_t found = {0};
    int result = op_store_get(store, key, &found);
    bool equal = value ? result == 1 && op_str_is(op_buf_str(&found), value) : result == 0;
    op_buf_free(&found);
    return equal;
}

#endif
