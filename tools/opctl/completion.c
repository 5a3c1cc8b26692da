/*  completion.c - the table of commands as a completion for bash */

#include "tools/opctl/opctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Twice the options that take an argument, as patterns, and then all of them. */
static const char s_script[] =
    "    local word=${COMP_WORDS[COMP_CWORD]} words=() i\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "            %s) ((i++)) ;;\n"
    "            -*) ;;\n"
    "            *) words+=(\"${COMP_WORDS[i]}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    case ${COMP_WORDS[COMP_CWORD-1]} in\n"
    "        %s) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
    "    esac\n"
    "    if [[ $word == -* ]]; then\n"
    "        COMPREPLY=($(compgen -W '%s' -- \"$word\"))\n"
    "    elif ((${#words[@]} == 0)); then\n"
    "        COMPREPLY=($(compgen -W \"${!verbs[*]}\" -- \"$word\"))\n"
    "    elif ((${#words[@]} == 1)) && [[ -n ${verbs[${words[0]}]:-} ]]; then\n"
    "        COMPREPLY=($(compgen -W \"${verbs[${words[0]}]}\" -- \"$word\"))\n"
    "    else\n"
    "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
    "    fi\n"
    "}\n"
    "complete -F _opctl opctl\n";

/*  "--a|--b": those with an argument, or all, with this between two. The caller frees it. */
static char *s_options(bool with_argument, const char *between)
{
    op_buf_t text = {0};
    for (size_t i = 0; i < op_ctl_option_count; i++)
        if (!with_argument || op_ctl_options[i].argument)
            op_buf_printf(&text, "%s--%s", text.size ? between : "", op_ctl_options[i].name);
    char *options = op_strdup(op_buf_str(&text));
    op_buf_free(&text);
    return options;
}

int op_ctl_completion(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const char *group = "";
    (void)self;
    (void)command;
    (void)arguments;
    printf("_opctl()\n{\n    local -A verbs=(");
    for (size_t i = 0; i < op_ctl_command_count; i++) {
        const op_ctl_command_t *one = &op_ctl_commands[i];
        bool same = strcmp(one->group, group) == 0;
        group = one->group;
        printf("%s%s%s%s",
               same          ? " "
               : *group && i ? "'\n        ["
                             : "\n        [",
               same ? "" : group, same ? "" : "]='", one->verb ? one->verb : "");
    }
    char *with = s_options(true, "|"), *all = s_options(false, " ");
    printf("')\n");
    printf(s_script, with, with, all);
    free(with);
    free(all);
    return OP_CTL_OK;
}
