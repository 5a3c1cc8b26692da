/*  replay.c - runs a fuzz program over the files of one directory: the regression test

    Each file is handed over in a block of exactly its size, so that the address sanitizer sees the
    first octet read too many. No file at all is a failure: the path is wrong. */

#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { S_FILE_MAX = 1 << 20 };

static int s_replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    char *content = op_alloc(S_FILE_MAX);
    size_t size = fread(content, 1, S_FILE_MAX, file);
    fclose(file);
    printf("%s: %zu bytes\n", path, size);
    fflush(stdout);
    uint8_t *exact = op_alloc(size);
    memcpy(exact, content, size);
    free(content);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
    if (!directory) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    int files = 0, status = 0;
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        op_buf_t path = {0};
        if (entry->d_name[0] == '.')
            continue;
        op_buf_printf(&path, "%s/%s", argv[1], entry->d_name);
        op_buf_add_byte(&path, 0);
        if (s_replay(path.at) != 0)
            status = 1;
        files++;
        op_buf_free(&path);
    }
    closedir(directory);
    if (!files)
        fprintf(stderr, "%s: no files\n", argv[1]);
    return files ? status : 1;
}
