/*  The files go into the program by the assembler's .incbin, which takes megabytes in no time. The
    build says where they are: OP_PAGES_OWN, OP_PAGES_WEB and OP_PAGES_BUILT, each ending with a
    slash. */

#include "http/pages_files.h"

#define OWN   OP_PAGES_OWN
#define WEB   OP_PAGES_WEB
#define BUILT OP_PAGES_BUILT
/*  The bytes of a file, from `symbol` to `symbol`_end. */
#define S_FILE(symbol, file)                                                                       \
    extern const char symbol[], symbol##_end[];                                                    \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global " #symbol "\n"                                                                \
            ".global " #symbol "_end\n" #symbol ": .incbin \"" file "\"\n" #symbol                 \
            "_end: .byte 0\n"                                                                      \
            ".popsection\n");

#define MADE(NAME, path, type, summary)
#define PAGE(NAME, path, type, form, file, summary) S_FILE(op_page_##NAME, file)
#define GZIP(NAME, file)                            S_FILE(op_gzip_##NAME, file)
#include "http/pages.def"
#undef MADE
#undef PAGE
#undef GZIP

typedef struct {
    const char *at, *end;
} s_bytes_t;

enum {
#define MADE(NAME, path, type, summary)             S_##NAME,
#define PAGE(NAME, path, type, form, file, summary) S_##NAME,
#define GZIP(NAME, file)
#include "http/pages.def"
#undef MADE
#undef PAGE
#undef GZIP
    S_END
};

static const op_page_t s_pages[S_END] = {
#define MADE(NAME, path, type, summary) {path, type, OP_PAGE_OPENAPI, NULL, NULL},
#define PAGE(NAME, path, type, form, file, summary)                                                \
    {path, type, OP_PAGE_##form, op_page_##NAME, op_page_##NAME##_end},
#define GZIP(NAME, file)
#include "http/pages.def"
#undef MADE
#undef PAGE
#undef GZIP
};

static const s_bytes_t s_gzips[S_END] = {
#define MADE(NAME, path, type, summary)
#define PAGE(NAME, path, type, form, file, summary)
#define GZIP(NAME, file) [S_##NAME] = {op_gzip_##NAME, op_gzip_##NAME##_end},
#include "http/pages.def"
#undef MADE
#undef PAGE
#undef GZIP
};

const op_page_t *op_pages_table(size_t *count)
{
    *count = OP_COUNT(s_pages);
    return s_pages;
}

op_str_t op_page_gzip(const op_page_t *page)
{
    const s_bytes_t *gzip = &s_gzips[page - s_pages];
    return gzip->at ? op_str_of(gzip->at, (size_t)(gzip->end - gzip->at)) : (op_str_t){0};
}
