# SPDX-License-Identifier: Apache-2.0
# bash completion for ecs-pubip(1)

_ecs_pubip()
{
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command=
        local commands='status wait doctor plan audit history explain policy config metrics bugreport hold
                resume seal help'
        local -A options=(
                [status]='--json --watch --value='
                [wait]='--json --timeout='
                [doctor]='--json'
                [plan]='--json'
                [audit]='--json' [history]='--json'
                [explain]='--json'
                [policy]='--json --fleet'
                [config]='--json --check'
                [metrics]='--enable --disable'
                [hold]='--json'
                [resume]='--json'
                [seal]='--json'
        )

        COMPREPLY=()
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                case $word in
                -*) ;;
                *) command=$word; break ;;
                esac
        done
        # "--timeout=5m" arrives as the words "--timeout", "=" and "5m".
        if [[ $prev == --timeout || ( $prev == '=' && ${COMP_WORDS[COMP_CWORD-2]} == --timeout ) ]]; then
                [[ $cur == '=' ]] && cur=
                mapfile -t COMPREPLY < <(compgen -W '30s 1min 5min 30min' -- "$cur")
                return
        fi
        if [[ -z $command ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
        elif [[ $command == help ]]; then
                [[ $prev == help ]] && mapfile -t COMPREPLY < <(compgen -W "${commands% help}" -- "$cur")
        else
                mapfile -t COMPREPLY < <(compgen -W "${options[$command]} --help" -- "$cur")
                [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
        fi
}
complete -F _ecs_pubip ecs-pubip
