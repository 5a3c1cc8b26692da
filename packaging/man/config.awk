# config.awk - op.conf(5) from what opd --config-reference prints
#
# There: a sentence as a comment, below it the key with its default; both indented by 4 below their section.

function text(line) {
    gsub(/\\/, "\\e", line)
    gsub(/-/, "\\-", line)
    gsub(/"/, "\\(dq", line)
    return line ~ /^[.']/ ? "\\&" line : line
}

BEGIN {
    print ".TH OP.CONF 5 \"\" \"opd " version "\" \"File Formats\""
    print ".SH NAME\nop.conf \\- the configuration of opd"
    print ".SH DESCRIPTION"
    print "What\n.BR opd (8)\nreads with"
    print ".BR \\-\\-config :\nas the service, it is\n.IR /etc/op/op.conf ."
    print "A name at the start of a line begins a section; below it, indented by 4 spaces, stand keys with their values."
    print "Values may be quoted; behind # is a comment. What is left out has its default, as shown here, and"
    print ".B \\-\\-set\nSECTION/KEY=VALUE overrules the file."
    print ".PP\nWhat is marked so, and the keys of links, are read again on SIGHUP; all else needs a restart."
}
/^[a-z]+$/ { section = $0; print ".SH SECTION " toupper(section)
             if (introduced) print text(introduced); introduced = ""; next }
/^    # .* = "/ { example = substr($0, 7); if (!examples++) print ".PP\nFor example:"
                  print ".PP\n.RS 4\n.nf\n" text(example) "\n.fi\n.RE"; next }
/^    # / { sentence = substr($0, 7); next }
/^    [a-z]/ {
    split(substr($0, 5), part, " = ")
    print ".TP\n.B " part[1] " = " text(part[2]) "\n" text(sentence)
    next
}
# The sections of lists have their sentence above them.
/^# / && section { introduced = introduced (introduced ? "\n" : "") substr($0, 3); examples = 0; next }
END {
    print ".SH FILES\n.TP\n.I /etc/op/op.conf\nThe configuration of the service. It may hold PINs of SIMs: mode 0640, group op."
    print ".SH \"SEE ALSO\"\n.BR opd (8),\n.BR opctl (1)"
}
