"""Let every kind of call meet every fault, and print how each ended: the table of faults survived.

    python benchmarks/faults.py

A server on loopback fails in each way of `tests/faulty.py`. ChatGPTV and AzureChatGPTV call it on
Chat Completions and on Responses, with invoke, ainvoke, stream and astream, and langchain-openai's
own classes do the same beside them: 16 calls of each a fault. "as it should" counts ours that
ended in the error or the answer that the tests ask for, in time, after as many requests as theirs.
The exit status is 1 if one did not.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fault_calls import Clients, Outcome, complaint, outcomes
from faulty import FAULTS, FaultyServer, faulty


def summary(ended: list[Outcome]) -> str:
    """Say how calls ended, the most frequent first."""
    kinds = Counter(_kind(outcome) for outcome in ended)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def _kind(outcome: Outcome) -> str:
    return (
        "half an answer, unnoticed"
        if outcome.kind == "answer" and not outcome.is_whole
        else (outcome.kind)
    )


async def meet(server: FaultyServer, fault: str, clients: Clients) -> list[str]:
    """Let all calls meet one fault, print its row, and return the complaints."""
    met = await outcomes(server, fault, clients)
    wrong = [found for each in met if (found := complaint(fault, *each))]
    ours, theirs = [each[1] for each in met], [each[2] for each in met]
    requests = "/".join(map(str, sorted({outcome.requests for outcome in ours})))
    good, slowest = len(met) - len(wrong), max(outcome.seconds for outcome in ours)
    same = summary(theirs) if summary(theirs) != summary(ours) else "the same"
    print(
        f"| {fault} | {good}/{len(met)} | {summary(ours)} | {requests} | {slowest:.1f} | {same} |"
    )
    return wrong


async def main() -> list[str]:
    """Print the table."""
    print("| fault | as it should | ended in | requests | slowest s | langchain-openai |")
    print("|---|--:|---|--:|--:|---|")
    clients = Clients()
    with faulty() as server:
        wrong = [found for fault in FAULTS for found in await meet(server, fault, clients)]
    await clients.close()
    total = 16 * len(FAULTS)
    print(
        f"\n{total - len(wrong)} of {total} calls under {len(FAULTS)} faults ended as they should."
    )
    return wrong


if __name__ == "__main__":
    complaints = asyncio.run(main())
    print(*complaints, sep="\n")
    sys.exit(bool(complaints))
