/*  pages_files.h - the table of pages.def, with the bytes of each file; private to pages.c */

#ifndef OP_HTTP_PAGES_FILES_H
#define OP_HTTP_PAGES_FILES_H

#include "base/bytes.h"

typedef enum {
    OP_PAGE_OPENAPI,
    OP_PAGE_DOCUMENT,
    OP_PAGE_SWAGGER,
    OP_PAGE_REDOC,
    OP_PAGE_ASSET
} op_page_form_t;

typedef struct {
    const char *path, *type;
    op_page_form_t form;
    const char *at, *end; /* the file; NULL for OPENAPI */
} op_page_t;

const op_page_t *op_pages_table(size_t *count);

/*  The file of a page of that table as gzip has it (RFC 1952); empty: not compressed. */
op_str_t op_page_gzip(const op_page_t *page);

#endif
