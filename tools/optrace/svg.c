#include "tools/optrace/optrace.h"

#include "base/utf8.h"

enum { S_LEFT = 90, S_TOP = 50, S_COLUMN = 130, S_ROW = 34, S_LABEL = 900 };

/*  Characters that XML 1.0 (2.2) does not allow are U+FFFD. */
static uint32_t s_point(op_str_t text, size_t *at)
{
    uint32_t point;
    if (!op_utf8_next(text, at, &point)) {
        ++*at;
        return OP_UTF8_REPLACEMENT;
    }
    bool control = point < ' ' && point != '\t' && point != '\n' && point != '\r';
    return control || point == 0xfffe || point == 0xffff ? OP_UTF8_REPLACEMENT : point;
}

static void s_text(op_buf_t *out, op_str_t text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t point = s_point(text, &at);
        switch (point) {
        case '&':
            op_buf_add_str(out, OP_STR("&amp;"));
            break;
        case '<':
            op_buf_add_str(out, OP_STR("&lt;"));
            break;
        case '>':
            op_buf_add_str(out, OP_STR("&gt;"));
            break;
        default:
            op_utf8_add(out, point);
        }
    }
}

static size_t s_x(const op_str_t *names, size_t count, op_str_t name)
{
    size_t i = 0;
    while (i < count && !op_str_equal(names[i], name))
        i++;
    return S_LEFT + i * S_COLUMN;
}

static void s_arrow(const op_tape_t *tape, const op_optrace_arrow_t *arrow, size_t from, size_t to,
                    size_t y, int64_t begin, size_t label, op_print_t how, op_buf_t *out)
{
    op_buf_printf(out, "<text x=\"4\" y=\"%zu\">%lld ms</text>\n", y + 4,
                  (long long)(arrow->at - begin));
    if (from == to)
        op_buf_printf(out,
                      "<path d=\"M%zu %zu h30 v10 h-24\" fill=\"none\" stroke=\"currentColor\" "
                      "marker-end=\"url(#tip)\"/>\n",
                      from, y - 5);
    else
        op_buf_printf(out,
                      "<line x1=\"%zu\" y1=\"%zu\" x2=\"%zu\" y2=\"%zu\" stroke=\"currentColor\" "
                      "marker-end=\"url(#tip)\"/>\n",
                      from, y, from < to ? to - 2 : to + 2, y);
    op_buf_t line = {0};
    op_frame_print(tape->events[arrow->event].bytes, how, &line);
    op_buf_printf(out, "<text x=\"%zu\" y=\"%zu\">", label, y + 4);
    s_text(out, op_buf_str(&line));
    op_buf_add_str(out, OP_STR("</text>\n"));
    op_buf_free(&line);
}

void op_optrace_svg(const op_tape_t *tape, const op_str_t *names, size_t name_count,
                    const op_optrace_arrow_t *arrows, size_t arrow_count, op_print_t how,
                    op_buf_t *out)
{
    size_t label = S_LEFT + name_count * S_COLUMN - S_COLUMN / 2;
    size_t height = S_TOP + (arrow_count + 1) * S_ROW;
    op_buf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" "
                  "font-family=\"monospace\" font-size=\"12\">\n"
                  "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
                  "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
                  "<path d=\"M0 0 L8 4 L0 8 z\" fill=\"currentColor\"/></marker></defs>\n",
                  label + S_LABEL, height);
    for (size_t i = 0; i < name_count; i++) {
        size_t x = s_x(names, name_count, names[i]);
        op_buf_printf(out, "<text x=\"%zu\" y=\"%d\" text-anchor=\"middle\">", x, S_TOP - 20);
        s_text(out, names[i]);
        op_buf_printf(out,
                      "</text>\n<line x1=\"%zu\" y1=\"%d\" x2=\"%zu\" y2=\"%zu\" "
                      "stroke=\"currentColor\" stroke-opacity=\"0.3\"/>\n",
                      x, S_TOP - 10, x, height - S_ROW / 2);
    }
    for (size_t i = 0; i < arrow_count; i++)
        s_arrow(tape, &arrows[i], s_x(names, name_count, arrows[i].from),
                s_x(names, name_count, arrows[i].to), S_TOP + (i + 1) * S_ROW - S_ROW / 2,
                arrows[0].at, label, how, out);
    op_buf_add_str(out, OP_STR("</svg>\n"));
}
