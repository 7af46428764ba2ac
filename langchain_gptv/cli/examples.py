"""The last lines of each command's help: what to type, and what the exit status means."""


def examples(*commands: str) -> str:
    """Return commands to type, as the end of a help text."""
    return "\n".join(("[bold]Examples[/]", *commands))


EXIT_STATUS = """\
[bold]Exit status[/]
  0  done
  1  done; what failed or was found is listed
  2  not done: one line on stderr says why and what to do
130  stopped with Ctrl-C
141  whoever read the output went away"""

GPTV = f"""\
[bold]Start here[/]
gptv ask receipt.png "What is the total?"
gptv tokens photo.jpg
gptv doctor

Answers go to stdout, notes to stderr. --json is for programs.

{EXIT_STATUS}"""

VIDEO = examples(
    'gptv video clip.mp4 "What happens?"',
    'gptv video clip.mp4 "Which number has it?" --query "a red bus" --sheet seen.png',
    'gptv video talk.webm "What does the slide say?" --between 1:30-2:00 --frames 4',
)
ASK = examples(
    'gptv ask receipt.png "What is the total?"',
    'gptv ask a.png b.png "What is the total?"',
    'gptv ask desk.jpg "Where is the cup?" --boxes cup.png',
    'gptv ask receipt.png "What is the total?" --json',
    'gptv ask -m gpt-5.4 chart.png "Which bar is highest?"',
)
DESCRIBE = examples(
    "gptv describe street.jpg",
    "gptv describe street.jpg --boxes seen.png",
    "gptv describe street.jpg --json",
)
READ = examples(
    "gptv read receipt.png",
    "gptv read page.png > page.txt",
    "gptv read invoice.png --json",
)
TOKENS = examples(
    "gptv tokens photo.jpg",
    "gptv tokens photo.jpg -m gpt-4o -m gpt-5.6-sol -d high",
    "gptv tokens a.png b.png -m gpt-5.4 --max-tokens 3000",
    "gptv tokens photo.jpg --azure --json",
)
SERVE = f"""\
{examples("gptv serve", "gptv serve --port 0 --alias gpt-4o")}

[bold]Then, in Python[/]
ChatOpenAI(
    base_url="http://127.0.0.1:8000/v1",
    api_key="not-needed",
    model="gptv-local",
)"""
DOCTOR = examples("gptv doctor", "gptv doctor --json")
CASSETTES = f"""\
{examples("gptv cassettes ls", "gptv cassettes check", "gptv cassettes html -o cassettes.html")}

Exit status 1 when a file cannot be read, or check finds a problem."""
