/*  gendoc.c - writes transport/MESSAGES.md from the declarations

    gendoc                 the document, to standard output
    gendoc --check FILE    0: FILE is what gendoc would write; 1: it is not, or cannot be read

    The .def files are the only place where a message or record is described; this page is what they
    say, for people who read. */

#include "store/records.h"
#include "transport/trace.h"

#include <stdio.h>
#include <string.h>

/*  A sentence as the cell of a table. */
static void s_cell(const char *text, op_buf_t *out)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '<' || *text == '_' || *text == '*')
            op_buf_add_byte(out, '\\');
        op_buf_add_byte(out, (uint8_t)*text);
    }
}

static void s_field(const op_field_t *field, op_buf_t *out)
{
    op_buf_printf(out, "| `%s` | %s", field->name, op_kinds[field->kind].word);
    if (field->item)
        op_buf_printf(out, " `%s`", field->item->name);
    if (field->max)
        op_buf_printf(out, " | %zu | ", field->max);
    else
        op_buf_add_str(out, OP_STR(" | | "));
    s_cell(field->doc, out);
    op_buf_add_str(out, OP_STR(" |\n"));
}

static void s_type(const op_type_t *type, op_buf_t *out)
{
    op_buf_printf(out, "\n### %s, 0x%x\n\n", type->name, (unsigned)type->number);
    s_cell(type->doc, out);
    op_buf_add_str(out, OP_STR(".\n\n| Field | Kind | Max | |\n|---|---|---|---|\n"));
    for (size_t i = 0; i < type->field_count; i++)
        s_field(&type->fields[i], out);
}

static void s_steps(op_buf_t *out)
{
    static const char *const docs[] = {
        "",
#define STEP(ACTOR, VERB, actor, verb, takes, doc) doc,
#include "transport/steps.def"
#undef STEP
    };
    _Static_assert(OP_COUNT(docs) == OP_STEP_END, "one sentence per step");
    op_buf_add_str(out, OP_STR("| Step | Number | |\n|---|---|---|\n"));
    for (unsigned i = 1; i < OP_STEP_END; i++) {
        op_buf_printf(out, "| `%s` | %u | ", op_step_name(i), i);
        s_cell(docs[i], out);
        op_buf_add_str(out, OP_STR(" |\n"));
    }
}

static void s_document(op_buf_t *out)
{
    size_t count;
    op_buf_add_str(
        out,
        OP_STR(
            "# Messages, steps and records\n\n"
            "Made by `gendoc` from `transport/messages.def`, `transport/steps.def`,\n"
            "`store/records.def` and `transport/trace.def`: change those, then write this page "
            "anew with\n"
            "`gendoc > transport/MESSAGES.md`. A test fails while it is stale.\n\n"
            "How a field looks on the wire and in JSON is described in `transport/kinds.def`. Max "
            "is\n"
            "in bytes, for a list in items. A field is never moved, a number never used again.\n\n"
            "## Steps\n\nWhat the itinerary of a request is made of.\n\n"));
    s_steps(out);
    op_buf_add_str(out, OP_STR("\n## Messages\n"));
    const op_type_t *const *types = op_message_types(&count);
    for (size_t i = 0; i < count; i++)
        s_type(types[i], out);
    op_buf_add_str(out, OP_STR("\n## Records\n"));
    types = op_record_types(&count);
    for (size_t i = 0; i < count; i++)
        s_type(types[i], out);
    op_buf_add_str(out, OP_STR("\n## Records of a trace\n\nWhat `opd --trace` writes; see "
                               "`transport/trace.h`.\n"));
    types = op_trace_types(&count);
    for (size_t i = 0; i < count; i++)
        s_type(types[i], out);
}

/*  Is the file's content this? 1 or 0, -1 when it cannot be read. */
static int s_is(const char *path, op_str_t expected)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    op_buf_t content = {0};
    char block[4096];
    size_t size;
    while (content.size <= expected.size && (size = fread(block, 1, sizeof block, file)) > 0)
        op_buf_add(&content, block, size);
    int result = ferror(file) ? -1 : op_str_equal(op_buf_str(&content), expected);
    fclose(file);
    op_buf_free(&content);
    return result;
}

int main(int argc, char **argv)
{
    bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
    if (argc != 1 && !check) {
        fputs("usage: gendoc [--check FILE]\n", stderr);
        return 2;
    }
    int rc = 0;
    op_buf_t text = {0};
    s_document(&text);
    if (!check)
        rc = fwrite(text.at, 1, text.size, stdout) == text.size && fflush(stdout) == 0 ? 0 : 1;
    else if (s_is(argv[2], op_buf_str(&text)) != 1) {
        fprintf(stderr, "%s is stale: gendoc > %s\n", argv[2], argv[2]);
        rc = 1;
    }
    op_buf_free(&text);
    return rc;
}
