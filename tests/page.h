/*  page.h - memory that ends where readable memory ends

    A parser is given its input with nothing behind it: the first octet read too many ends the
    process, in every build and not only under a sanitizer. */

#ifndef OP_TESTS_PAGE_H
#define OP_TESTS_PAGE_H

#include "base/bytes.h"
#include "base/check.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static inline size_t page_size(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

/*  A copy of `size` octets that ends at an unmapped page; page_free with the same size. */
static inline uint8_t *page_new(const void *octets, size_t size)
{
    size_t used = page_size(size), guard = page_size(1);
    uint8_t *map =
        mmap(NULL, used + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OP_ASSERT(map != MAP_FAILED);
    OP_ASSERT(mprotect(map + used, guard, PROT_NONE) == 0);
    uint8_t *at = map + used - size;
    if (size)
        memcpy(at, octets, size);
    return at;
}

static inline void page_free(uint8_t *at, size_t size)
{
    size_t used = page_size(size);
    OP_ASSERT(munmap(at + size - used, used + page_size(1)) == 0);
}

/*  Gives a parser every beginning of a text, as it comes byte by byte, and the whole of it last; each
    at a page's end. */
static inline void page_grow(const char *text, void (*parse)(op_str_t text, void *arg), void *arg)
{
    for (size_t size = 0; size <= strlen(text); size++) {
        uint8_t *exact = page_new(text, size);
        parse(op_str_of((const char *)exact, size), arg);
        page_free(exact, size);
    }
}

#endif
