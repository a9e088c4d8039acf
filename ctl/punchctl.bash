# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of punchctl(1) for bash. Serials and names are asked of punchctl itself, as far as the user may see them.

_punchctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local -a conf=() words=()
    local i=1 noun='' verb='' choices=''

    for ((; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config) conf=(-c "${COMP_WORDS[++i]}") ;;
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
    --since | --until) choices='now today yesterday -1h -12h -1d -7d -30d' ;;
    --state)
        choices='tmp new cur done bad hold'
        [[ $noun == device ]] && choices='pending approved refused'
        ;;
    -p | --pin | -n | --limit | --after) return ;;
    --timeout) choices='5s 1min 10min' ;;
    -s | --serial) choices=$(_punchctl_serials) ;;
    *)
        case $noun,$verb,$cur in
        ,,-*) choices='--config --help --version' ;;
        ,,*) choices='punch device spool status' ;;
        status,*) choices='--json --config --help' ;;
        punch,,*) choices='ls count follow --help' ;;
        device,,*) choices='ls show wait approve refuse set --help' ;;
        spool,,*) choices='ls show hold release replay discard check --help' ;;
        punch,count,*) choices='--serial --pin --since --until --after --json --csv --config --help' ;;
        punch,*) choices='--serial --pin --since --until --limit --after --json --csv --config --help' ;;
        device,ls,*) choices='--state --json --csv --config --help' ;;
        device,show,-*) choices='--json --config --help' ;;
        device,wait,-*) choices='--timeout --config --help' ;;
        device,*,-*) choices='--no-wait --wait --timeout --config --help' ;;
        device,set,*)
            if ((${#words[@]} > 2)); then
                choices='error_delay= delay= trans_interval= trans_times= trans_flags= time_zone= realtime='
                compopt -o nospace
            else
                choices=$(_punchctl_serials)
            fi
            ;;
        device,*) choices=$(_punchctl_serials) ;;
        spool,ls,-*) choices='--state --limit --json --csv --config --help' ;;
        spool,show,-*) choices='--body --json --config --help' ;;
        spool,check,-*) choices='--json --config --help' ;;
        spool,hold,-* | spool,replay,-*) choices='--all --since --until --config --help' ;;
        spool,release,-*) choices='--all --state --since --until --config --help' ;;
        spool,discard,-*) choices='--all --state --since --until --yes --config --help' ;;
        spool,ls,* | spool,check,*) choices='upload result order' ;;
        spool,*)
            choices='upload result order'
            [[ ${words[2]-} == @(upload|result|order) ]] && choices=$(_punchctl_files "${words[2]}" "$verb")
            ;;
        esac
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
}

# Serials consist of letters, digits, _ and -, so that they need no quoting.
_punchctl_serials() {
    punchctl "${conf[@]}" device ls --csv 2>/dev/null | tail -n +2 | cut -d , -f 1
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
