/*  restore.h - a backup as a store again, and the opening of one that was refused

    Both work beside the folder in question and change it in one step, when everything has been
    proven: a crash or power cut at any point leaves what was there, and perhaps a folder
    "DIR.partial", which the next run clears away. */

#ifndef OP_STORE_RESTORE_H
#define OP_STORE_RESTORE_H

#include "store/backup.h"
#include "store/check.h"

/*  Reads a whole backup file and checks every piece and every record in it, and writes nothing. 0
    and *facts, or -1 and one line in `error`. */
int op_restore_check(const char *file, op_backup_facts_t *facts, char error[256]) OP_MUST_CHECK;

/*  Checks the file as above, then makes a store of it in `dir`, which must be empty or not there
    (its parent must be), and reads that back. 0 and *facts, or -1 and one line in `error`.

    What was on its way when the backup was taken is on its way again: a text that waited for its
    line then and was sent since is sent once more. Actors of other stores recognise what they have
    been told since, for the new store says that it is one (a row in each actor's space; actor.h). A
    copy of the files says nothing, and must not be used in place of a backup. */
int op_restore(const char *file, const char *dir, op_backup_facts_t *facts,
               char error[256]) OP_MUST_CHECK;

/*  For a store that OP refuses to open because a power cut has scattered the end of LevelDB's log
    (tests/POWERLOSS.md). On a copy: opens it leniently, whereby LevelDB drops what it cannot read
    of its logs; demands that nothing but the end of the newest log was dropped, and that all rows
    are sound; then lets the copy and `dir` change places. The store as it was stays as
    "DIR.damaged", which must not exist before; what else is in the folder, such as keys, stays in
    `dir`. No program may have the store open.

    1: the store opens as it is, all its rows are sound, and nothing was done. 0: done. Both: *facts.
    -1: one line in `error`, and `dir` is as it was.

    Just before the exchange what is not the store's goes into the copy. A crash in between leaves it
    in "DIR.partial" and the store as damaged as before: the next run brings it back first.

    From within the file a synced record that rotted looks like one that was never synced. So this
    is for the operator to ask for, after a power cut; a backup that is newer than the loss is
    better. */
int op_repair_open(const char *dir, op_check_facts_t *facts, uint64_t *dropped,
                   char error[256]) OP_MUST_CHECK;

#endif
