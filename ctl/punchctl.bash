# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of punchctl(1) for bash. Serials, names and commands are asked of punchctl itself, as far as the user may
# see them.

_punchctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local -a conf=() words=()
    local i=1 noun='' verb='' choices='' order='--no-wait --wait --timeout --config --help'

    for ((; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config) conf=(-c "${COMP_WORDS[++i]}") ;;
        --state | --site | --table | --since | --until | --before | --kind | --to | --timeout | --expires | --limit | --after | --serial | --pin | --as | --sha256 | -[snp]) ((i++)) ;;
        -*) ;;
        *) words+=("${COMP_WORDS[i]}") ;;
        esac
    done
    noun=${words[0]-} verb=${words[1]-}

    case $prev in
    -c | --config)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --to)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --kind)
        choices='punch user face'
        [[ $noun == template ]] && choices='finger face fingervein palmvein visible-face palm'
        [[ $noun == oplog ]] && choices='operation error event'
        [[ $noun == audit ]] && choices='lookup verify file withdraw alarm'
        ;;
    --since | --until | --before) choices='now today yesterday -1h -12h -1d -7d -30d' ;;
    --state)
        choices='tmp new cur done bad hold'
        [[ $noun == device ]] && choices='pending approved refused'
        [[ $noun == cmd ]] && choices='queued offered done failed expired cancelled'
        ;;
    --table) choices='attlog operlog attphoto' ;;
    --site) choices=$(_punchctl_column 3) ;;
    -p | --pin | -n | --limit | --after | --as | --sha256) return ;;
    --timeout | --expires) choices='5s 1min 10min' ;;
    -s | --serial) choices=$(_punchctl_column 1) ;;
    *)
        case $noun,$verb,$cur in
        ,,-*) choices='--config --help --version' ;;
        ,,*) choices="punch user template photo oplog raw export purge device cmd spool file firmware audit status $(_punchctl_nouns)" ;;
        file,,*) choices='ls --help' ;;
        file,*) choices='--json --csv --config --help' ;;
        firmware,,*) choices='push --help' ;;
        firmware,push,-*) choices='--as --sha256 --all-at-once --all --expires --timeout --config --help' ;;
        firmware,push,@*) choices=$(_punchctl_column 3 | sed 's/^/@/') ;;
        firmware,push,*)
            choices=$(_punchctl_column 1)
            ((${#words[@]} > 2)) || choices=$(punchctl "${conf[@]}" file ls --csv 2>/dev/null | tail -n +2 | cut -d , -f 1 | grep -xE '[A-Za-z0-9._+-]+')
            ;;
        audit,*) choices='--kind --serial --pin --since --until --refused --limit --json --csv --config --help' ;;
        status,*) choices='--json --config --help' ;;
        punch,,*) choices='ls count follow --help' ;;
        user,,*) choices="ls show export erase --help $(_punchctl_verbs_of user)" ;;
        photo,,*) choices="ls export --help $(_punchctl_verbs_of photo)" ;;
        template,,*) choices='ls export import --help' ;;
        oplog,,*) choices='ls follow --help' ;;
        raw,,*) choices='ls show --help' ;;
        purge,,*) choices='photos oplog spool --help' ;;
        device,,*) choices='ls show wait approve refuse set rename rm resend --help' ;;
        cmd,,*) choices='verbs ls show wait cancel send raw --help' ;;
        spool,,*) choices='ls show hold release replay discard check --help' ;;
        punch,count,*) choices='--serial --pin --since --until --after --json --csv --config --help' ;;
        punch,*) choices='--serial --pin --since --until --limit --after --no-names --json --csv --config --help' ;;
        user,ls,* | user,export,*) choices='--serial --pin --limit --deleted --reveal --json --csv --config --help' ;;
        user,show,-*) choices='--serial --reveal --json --config --help' ;;
        user,erase,-*) choices='--yes --devices --no-wait --timeout --json --config --help' ;;
        user,show,* | user,erase,*) return ;;
        template,ls,*) choices='--serial --pin --kind --deleted --json --csv --config --help' ;;
        template,export,*) choices='--serial --pin --kind --to --reveal --json --csv --config --help' ;;
        template,import,-*) choices="--all --expires --json $order" ;;
        template,import,*)
            mapfile -t COMPREPLY < <(
                compgen -W "$(_punchctl_column 1)" -- "$cur"
                compgen -f -X '!*.tpl' -- "$cur"
            )
            return
            ;;
        photo,ls,*) choices='--kind --serial --pin --since --until --limit --deleted --json --csv --config --help' ;;
        photo,export,*) choices='--to --kind --serial --pin --since --until --limit --deleted --json --csv --config --help' ;;
        oplog,ls,*) choices='--kind --serial --since --until --limit --json --csv --config --help' ;;
        oplog,follow,*) choices='--kind --serial --limit --after --json --csv --config --help' ;;
        raw,ls,*) choices='--serial --json --csv --config --help' ;;
        raw,show,-*) choices='--serial --reveal --config --help' ;;
        raw,show,*) choices=$(punchctl "${conf[@]}" raw ls --csv 2>/dev/null | tail -n +2 | cut -d , -f 1) ;;
        export,*) choices='--to --since --after --reveal --json --csv --config --help' ;;
        purge,spool,*) choices='--before --dry-run --config --help' ;;
        purge,*) choices='--before --dry-run --no-wait --timeout --config --help' ;;
        device,ls,*) choices='--state --site --online --offline --json --csv --config --help' ;;
        device,show,-*) choices='--json --config --help' ;;
        device,wait,-*) choices='--timeout --config --help' ;;
        device,resend,-*) choices="--all --table --since --until $order" ;;
        device,*,-*) choices=$order ;;
        device,set,*)
            choices=$(_punchctl_column 1)
            if ((${#words[@]} > 2)); then
                choices+=' error_delay= delay= trans_interval= trans_times= trans_flags= time_zone= realtime= batch_max= alias= site= comm_key= networks= charset= direction= card_form= card_order= wake= remote= verify= zone_change='
                compopt -o nospace
            fi
            ;;
        device,*) choices=$(_punchctl_column 1) ;;
        cmd,ls,*) choices='--serial --state --limit --stray --json --csv --config --help' ;;
        cmd,verbs,*) choices='--json --csv --config --help' ;;
        cmd,show,-*) choices='--content --json --config --help' ;;
        cmd,wait,-*) choices='--timeout --json --config --help' ;;
        cmd,cancel,-*) choices=$order ;;
        cmd,show,* | cmd,wait,*) choices=$(_punchctl_ids) ;;
        cmd,cancel,*) choices=$(_punchctl_ids --state queued,offered) ;;
        cmd,send,* | cmd,raw,*) _punchctl_order "$verb" ;;
        spool,ls,-*) choices='--state --limit --json --csv --config --help' ;;
        spool,show,-*) choices='--body --json --config --help' ;;
        spool,check,-*) choices='--json --config --help' ;;
        spool,hold,-* | spool,replay,-*) choices='--all --since --until --config --help' ;;
        spool,release,-*) choices='--all --state --since --until --config --help' ;;
        spool,discard,-*) choices='--all --state --since --until --yes --config --help' ;;
        spool,ls,* | spool,check,*) choices='upload result order erase' ;;
        spool,*)
            choices='upload result order erase'
            [[ ${words[2]-} == @(upload|result|order|erase) ]] && choices=$(_punchctl_files "${words[2]}" "$verb")
            ;;
        *) _punchctl_order '' ;;
        esac
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
}

# A command for terminals: the verb of the noun, then targets, fields and options. Sets `choices`.
_punchctl_order() {
    local at=2 name
    case $1 in
    send) name=${words[2]-} at=3 ;;
    raw) name=raw ;;
    *)
        name=$noun at=1
        if ! _punchctl_verbs | grep -qxF -- "$noun"; then
            name=$noun.$verb at=2
            [[ $noun == query ]] && ! _punchctl_verbs | grep -qxF -- "$name" && name=$verb.query
        fi
        ;;
    esac
    if ((${#words[@]} < at)); then
        choices=--help
        [[ $1 == send ]] && choices=$(_punchctl_verbs)
        [[ -z $1 ]] && choices+=" $(_punchctl_verbs_of "$noun")"
    elif [[ $cur == -* ]]; then
        choices="--all --expires --json $order"
    elif [[ $cur == @* ]]; then
        choices=$(_punchctl_column 3 | sed 's/^/@/')
    else
        choices="$(_punchctl_column 1) $(_punchctl_fields "$name")"
        compopt -o nospace
    fi
}

# Serials (1) consist of letters, digits, _ and -, and sites (3) of those and dots, so that they need no quoting. A line
# whose alias (2) is quoted may hold a comma in it.
_punchctl_column() {
    punchctl "${conf[@]}" device ls --csv 2>/dev/null | tail -n +2 | if (($1 == 1)); then cat; else grep -v '^[^,]*,"'; fi |
        cut -d , -f "$1" | sort -u | grep .
}

_punchctl_ids() {
    punchctl "${conf[@]}" cmd ls "$@" --limit 50 --csv 2>/dev/null | tail -n +2 | cut -d , -f 1
}

# "user.add,pin= name= …": neither column holds a comma.
_punchctl_table() {
    punchctl "${conf[@]}" cmd verbs --csv 2>/dev/null | tail -n +2
}

_punchctl_verbs() {
    _punchctl_table | cut -d , -f 1
}

_punchctl_nouns() {
    _punchctl_verbs | grep -vx raw | cut -d . -f 1 | sort -u
}

_punchctl_verbs_of() {
    _punchctl_verbs | sed -n "s/^$1\.//p"
    [[ $1 == query ]] && _punchctl_verbs | sed -n 's/\.query$//p'
}

_punchctl_fields() {
    _punchctl_table | grep -F -- "$1," | while IFS=, read -r name fields _; do
        [[ $name == "$1" ]] && printf '%s\n' "$fields"
    done
}

# Only names of punchd's own form are offered: others may hold anything.
_punchctl_files() {
    local states='new,cur,done,bad,hold'
    case $2 in
    hold) states='new' ;;
    release) states='hold,bad' ;;
    replay) states='done' ;;
    discard) states='done,bad,hold' ;;
    esac
    punchctl "${conf[@]}" spool ls "$1" --state "$states" --limit 200 --csv 2>/dev/null | cut -d , -f 3 |
        grep -xE '[0-9a-f]{16}-[0-9a-f]{16}(\.[0-9]+)?'
}

complete -F _punchctl punchctl
