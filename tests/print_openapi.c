/*  print_openapi.c - writes the document of the API to standard output, for tests of other
    tongues */

#include "http/openapi.h"

#include <stdio.h>

int main(void)
{
    op_buf_t text = {0};
    op_openapi_print("https://op.example.org", &text);
    bool good = fwrite(text.at, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    op_buf_free(&text);
    return good ? 0 : 1;
}
