/*  The files go into the program by the assembler's .incbin, which takes megabytes in no time. The
    build says where they are: OP_PAGES_OWN, OP_PAGES_WEB and OP_PAGES_BUILT, each ending with a
    slash. */

#include "http/pages_files.h"

#define OWN   OP_PAGES_OWN
#define WEB   OP_PAGES_WEB
#define BUILT OP_PAGES_BUILT
#define MADE(NAME, path, type, summary)
#define PAGE(NAME, path, type, form, file, summary)                                                \
    extern const char op_page_##NAME[], op_page_end_##NAME[];                                      \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global op_page_" #NAME "\n"                                                          \
            ".global op_page_end_" #NAME "\n"                                                      \
            "op_page_" #NAME ": .incbin \"" file "\"\n"                                            \
            "op_page_end_" #NAME ": .byte 0\n"                                                     \
            ".popsection\n");
#include "http/pages.def"
#undef MADE
#undef PAGE

static const op_page_t s_pages[] = {
#define MADE(NAME, path, type, summary) {path, type, OP_PAGE_OPENAPI, NULL, NULL},
#define PAGE(NAME, path, type, form, file, summary)                                                \
    {path, type, OP_PAGE_##form, op_page_##NAME, op_page_end_##NAME},
#include "http/pages.def"
#undef MADE
#undef PAGE
};

const op_page_t *op_pages_table(size_t *count)
{
    *count = OP_COUNT(s_pages);
    return s_pages;
}
