/**
 * `lambda-lmtp completion`: a script that completes commands, options and their fixed values in bash, zsh or fish. It is generated
 * from the definitions of the commands, as `--help` is.
 */

import { Argument, Command, type Option } from 'commander';
import type { Run } from './run.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** Defines the command. Commands may be added to the program later: it is read when the script is generated. */
export function completionCommand(run: Run, program: Command): Command {
  return new Command('completion')
    .description('Print a shell script that completes commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', `\n${installation}`)
    .action((shell: Shell) => void run.stdout.write(completionScript(program, shell)));
}

const installation = `To use it, add one of these lines to the startup file of the shell:
  ~/.bashrc                    source <(lambda-lmtp completion bash)
  ~/.zshrc (after compinit)    source <(lambda-lmtp completion zsh)
  ~/.config/fish/config.fish   lambda-lmtp completion fish | source`;

/** Returns the script for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bashScript(program);
    case 'zsh':
      // bashcompinit lets zsh run the completions of bash.
      return `autoload -Uz bashcompinit && bashcompinit\n${bashScript(program)}`;
    case 'fish':
      return fishScript(program);
    default:
      return shell satisfies never;
  }
}

interface Definition {
  /** The command's name, then its aliases. */
  readonly names: readonly string[];
  readonly description: string;
  readonly options: readonly Option[];
}

function definitions({ commands }: Command): readonly Definition[] {
  return commands.map((command) => ({
    names: [command.name(), ...command.aliases()],
    description: command.description(),
    options: command.createHelp().visibleOptions(command),
  }));
}

function bashScript(program: Command): string {
  const all = definitions(program);
  const words = all.map(({ names, options }) => `    ${names.join('|')}) words='${flags(options).join(' ')}' ;;`);
  const values = all.flatMap(({ names, options }) =>
    options.flatMap(({ long, argChoices }) =>
      long == null || argChoices === undefined
        ? []
        : names.map((name) => `    '${name} ${long}') words='${argChoices.join(' ')}' ;;`),
    ),
  );
  return `_lambda_lmtp() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=''
  case "\${COMP_WORDS[1]}" in
${words.join('\n')}
  esac
  case "\${COMP_WORDS[1]} $previous" in
    'completion completion') words='${shells.join(' ')}' ;;
${values.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words='${all.flatMap(({ names }) => names).join(' ')} --help --version'; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _lambda_lmtp lambda-lmtp
`;
}

function flags(options: readonly Option[]): readonly string[] {
  return options.flatMap(({ long }) => (long == null ? [] : [long]));
}

function fishScript(program: Command): string {
  const lines = definitions(program).flatMap(({ names, description, options }) => [
    ...names.map(
      (name) => `complete -c lambda-lmtp -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(description)}`,
    ),
    ...options.flatMap((option) => fishOption(option, names)),
  ]);
  const ownShells = `complete -c lambda-lmtp -n '__fish_seen_subcommand_from completion' -f -a '${shells.join(' ')}'`;
  return `${[...lines, ownShells].join('\n')}\n`;
}

function fishOption({ long, required, optional, argChoices, description }: Option, names: readonly string[]) {
  if (long == null) return [];
  const takes = argChoices !== undefined ? ` -x -a '${argChoices.join(' ')}'` : required || optional ? ' -r' : '';
  const when = `'__fish_seen_subcommand_from ${names.join(' ')}'`;
  return [`complete -c lambda-lmtp -n ${when} -l ${long.slice(2)}${takes} -d ${fishQuoted(description)}`];
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
