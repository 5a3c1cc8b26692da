/*  owner.c - root's commands on what belongs to the service's user */

#include "tools/opctl/opctl.h"

#include "base/path.h"

#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/*  Of the path, or of the nearest folder above it that is there. */
static int s_facts(const char *path, struct stat *facts)
{
    char at[OP_PATH_MAX], folder[OP_PATH_MAX];
    op_str_copy(op_str(path), at, sizeof at);
    while (stat(at, facts) != 0) {
        op_path_folder(at, folder);
        if (errno != ENOENT || strcmp(folder, at) == 0)
            return -1;
        strcpy(at, folder);
    }
    return 0;
}

int op_ctl_as_owner(const char *path)
{
    struct stat facts;
    if (geteuid() != 0 || s_facts(path, &facts) != 0 || facts.st_uid == 0)
        return OP_CTL_OK; /* a path that is no good is said by the command */
    /* What root may do stays, where the kernel lets it: the backup to be read may be root's. */
    (void)prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
    if (setgroups(0, NULL) == 0 && setegid(facts.st_gid) == 0 && seteuid(facts.st_uid) == 0)
        return OP_CTL_OK;
    return op_ctl_fail(OP_CTL_REFUSED, "%s: cannot write as its owner, the user %u: %s", path,
                       (unsigned)facts.st_uid, strerror(errno));
}
