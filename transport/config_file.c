/*  Reading a file. zconfig is a fine reader with three habits that a server cannot have: it forgets
    line numbers, it prints its complaints to standard output, and it cuts long lines without a
    word. So each line is looked at first (s_scan): what zconfig would complain about is refused
    with the line's number, and the numbers of the lines that it will turn into items are noted.
    Items come out of zconfig in the order of the lines: the n-th item is the n-th noted line.

    The work is done on a copy of the configuration, which replaces it when all went well. */

#include "base/utf8.h"
#include "transport/config_private.h"

#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *name;                    /* of the file, as messages show it */
    op_buf_t text;                       /* NUL-terminated; the NUL counts */
    uint16_t lines[OP_CONFIG_LINES_MAX]; /* of each item, in order, from 1 */
    bool valued[OP_CONFIG_LINES_MAX];    /* has it '='? */
    size_t item_count;
    size_t item;                              /* the next one, while walking */
    uint16_t set_in_line[OP_CONFIG_KEYS_MAX]; /* of each key; 0: not yet */
    op_config_t config;
    char *error;
} reader_t;

static int s_fail(reader_t *self, size_t line, const char *key, const char *why)
{
    return op_config_say(self->error, "%s:%zu: %.60s%s%s", self->name, line, key, *key ? ": " : "",
                         why);
}

_Static_assert(OP_CONFIG_FILE_MAX == 256 << 10 && OP_CONFIG_LINES_MAX == 4096 &&
                   OP_CONFIG_LINE_MAX == 1024,
               "as the sentences below say");

/*  ---- Bytes ---- */

/*  Not blocking: the path may name a pipe. Reads one byte more than is allowed, to see that it is
    there: sizes of files can change, and those in /proc are 0. */
static const char *s_read(reader_t *self, const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return strerror(errno);
    const char *sorry = NULL;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        sorry = "not a regular file";
    while (!sorry) {
        char piece[4096];
        ssize_t size = read(file, piece, sizeof piece);
        if (size == 0)
            break;
        if (size > 0)
            op_buf_add(&self->text, piece, (size_t)size);
        else if (errno != EINTR)
            sorry = strerror(errno);
        if (self->text.size > OP_CONFIG_FILE_MAX)
            sorry = "larger than 256 KiB";
    }
    close(file);
    return sorry;
}

/*  Text is UTF-8 with no control character but the tab. */
static bool s_is_text(op_str_t line)
{
    for (size_t i = 0; i < line.size; i++)
        if (op_is_control(line.at[i]) && line.at[i] != '\t')
            return false;
    return op_utf8_count(line) >= 0;
}

/*  ---- Lines ---- */

static bool s_is_name(char c)
{
    return op_is_alnum(c) || (c && strchr("$-_@.&+/", c));
}

static op_str_t s_skip_blanks(op_str_t text)
{
    while (text.size && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = op_str_skip(text, 1);
    return text;
}

static bool s_at_end(op_str_t text)
{
    text = s_skip_blanks(text);
    return text.size == 0 || text.at[0] == '#';
}

/*  What is behind '='. Nothing there is no value: an empty text is written "", so that a forgotten
    list of prefixes does not mean "all". */
static const char *s_scan_value(op_str_t text)
{
    text = s_skip_blanks(text);
    if (s_at_end(text))
        return "a value is missing (\"\" is the empty text)";
    if (text.at[0] != '"' && text.at[0] != '\'')
        return NULL;
    const char *quote = memchr(text.at + 1, text.at[0], text.size - 1);
    if (!quote)
        return "the closing quote is missing";
    if (!s_at_end(op_str_skip(text, (size_t)(quote - text.at) + 1)))
        return "there is something behind the closing quote";
    return NULL;
}

/*  One line without its end. Returns what is wrong, or NULL. Notes the line if it is an item. */
static const char *s_scan_line(reader_t *self, size_t number, op_str_t line, size_t *level)
{
    if (line.size && line.at[line.size - 1] == '\r')
        line.size--;
    if (line.size > OP_CONFIG_LINE_MAX)
        return "longer than 1024 bytes";
    if (!s_is_text(line))
        return "not text: a control character, or not UTF-8";
    if (s_skip_blanks(line).size == 0)
        return NULL;
    size_t indent = 0, name = 0;
    while (line.at[indent] == ' ')
        indent++;
    line = op_str_skip(line, indent);
    if (indent % 4 != 0 || line.at[0] == '\t')
        return "indent by 4 spaces";
    if (line.at[0] == '#')
        return NULL;
    if (indent / 4 > 1 || indent / 4 > *level)
        return "indented too far: a section stands at the margin, its keys 4 spaces in";
    while (name < line.size && s_is_name(line.at[name]))
        name++;
    if (name == 0 || line.at[0] == '/' || line.at[name - 1] == '/')
        return "must begin with the name of a section or key";
    line = s_skip_blanks(op_str_skip(line, name));
    bool valued = line.size && line.at[0] == '=';
    if (!valued && !s_at_end(line))
        return "must be a section, or KEY = VALUE";
    self->lines[self->item_count] = (uint16_t)number;
    self->valued[self->item_count++] = valued;
    *level = 1; /* below a section or beside a key */
    return valued ? s_scan_value(op_str_skip(line, 1)) : NULL;
}

static int s_scan(reader_t *self)
{
    op_str_t rest = op_buf_str(&self->text);
    size_t level = 0;
    if (op_str_starts(rest, "\xef\xbb\xbf"))
        return s_fail(self, 1, "", "begins with a byte order mark: save it as UTF-8 without one");
    for (size_t number = 1; rest.size; number++) {
        op_str_t line = op_str_next(&rest, '\n');
        const char *sorry = number > OP_CONFIG_LINES_MAX ? "more than 4096 lines"
                                                         : s_scan_line(self, number, line, &level);
        if (sorry)
            return s_fail(self, number, "", sorry);
    }
    return 0;
}

/*  ---- Items ---- */

/*  A line of the section peers; `path` is "peers/<actor>". */
static int s_take_peer(reader_t *self, size_t line, const char *path, op_str_t endpoint)
{
    char why[OP_CONFIG_WHY];
    op_str_t actor = op_str(path + strlen("peers/"));
    for (size_t i = 0; i < self->config.peer_count; i++)
        if (self->config.peers[i].line && op_str_is(actor, self->config.peers[i].actor)) {
            snprintf(why, sizeof why,
                     "is somewhere else already, in line %d: no actor has two owners",
                     (int)self->config.peers[i].line);
            return s_fail(self, line, path, why);
        }
    if (op_config_assign_peer(&self->config, actor, endpoint, (uint16_t)line, why) != 0)
        return s_fail(self, line, path, why);
    return 0;
}

static int s_take_key(reader_t *self, const char *section, zconfig_t *item)
{
    char path[OP_CONFIG_LINE_MAX * 2 + 2], why[OP_CONFIG_WHY];
    size_t line = self->lines[self->item];
    bool valued = self->valued[self->item++];
    snprintf(path, sizeof path, "%s/%s", section, zconfig_name(item));
    op_str_t value = op_str(zconfig_value(item));
    bool modem = strcmp(path, "modems/modem") == 0, peer = strcmp(section, "peers") == 0;
    const op_config_key_t *key = op_config_key(op_str(path));
    if (!key && !modem && !peer)
        return s_fail(self, line, path, "no such key");
    if (!valued)
        return s_fail(self, line, path, "has no value");
    if (modem) {
        if (op_config_assign_modem(&self->config, value, why) != 0)
            return s_fail(self, line, path, why);
        self->config.modem_lines[self->config.modem_count - 1] = (uint16_t)line;
        return 0;
    }
    if (peer)
        return s_take_peer(self, line, path, value);
    uint16_t *set_in = &self->set_in_line[key - op_config_keys];
    if (*set_in) {
        snprintf(why, sizeof why, "is set already, in line %d", (int)*set_in);
        return s_fail(self, line, path, why);
    }
    *set_in = (uint16_t)line;
    if (op_config_assign(&self->config, key, value, why) != 0)
        return s_fail(self, line, path, why);
    self->config.lines[key - op_config_keys] = (uint16_t)line;
    return 0;
}

static int s_take_section(reader_t *self, zconfig_t *section)
{
    size_t line = self->lines[self->item];
    const char *name = zconfig_name(section);
    bool valued = self->valued[self->item++];
    if (!op_config_section(op_str(name)))
        return s_fail(self, line, name, "no such section");
    if (valued)
        return s_fail(self, line, name, "is a section and has no value");
    for (zconfig_t *item = zconfig_child(section); item; item = zconfig_next(item)) {
        OP_ASSERT(self->item < self->item_count);
        if (s_take_key(self, name, item) != 0)
            return -1;
    }
    return 0;
}

static int s_take_all(reader_t *self)
{
    op_buf_add_byte(&self->text, 0);
    zconfig_t *root = zconfig_str_load(self->text.at);
    if (!root)
        return op_config_say(self->error, "%s: not ZPL", self->name);
    int result = 0;
    for (zconfig_t *at = zconfig_child(root); at && result == 0; at = zconfig_next(at)) {
        OP_ASSERT(self->item < self->item_count);
        result = s_take_section(self, at);
    }
    zconfig_destroy(&root);
    return result;
}

int op_config_load(op_config_t *self, const char *path, char error[OP_CONFIG_ERROR])
{
    /* The end of a long path says more than its beginning. */
    enum { SHOWN = OP_CONFIG_SOURCE - 4 };
    char name[OP_CONFIG_SOURCE];
    size_t size = strlen(path);
    snprintf(name, sizeof name, "%s%s", size > SHOWN ? "..." : "",
             size > SHOWN ? path + size - SHOWN : path);

    reader_t *reader = op_alloc(sizeof *reader);
    memset(reader, 0, sizeof *reader);
    reader->name = name;
    reader->error = error;
    reader->config = *self;
    /* Lines are those of one file: what an earlier one has set is named without. */
    memset(reader->config.lines, 0, sizeof reader->config.lines);
    memset(reader->config.modem_lines, 0, sizeof reader->config.modem_lines);
    for (size_t i = 0; i < reader->config.peer_count; i++)
        reader->config.peers[i].line = 0;
    op_str_copy(op_str(name), reader->config.source, sizeof reader->config.source);
    const char *sorry = s_read(reader, path);
    int result = sorry ? op_config_say(error, "%s: %s", name, sorry) : s_scan(reader);
    if (result == 0)
        result = s_take_all(reader);
    if (result == 0)
        *self = reader->config;
    op_buf_free(&reader->text);
    free(reader);
    return result;
}
