"""What a judge is shown, how it is asked, and how its answer is read. Knows nothing of arms.

The way of an episode: `record` makes pieces of messages and ledger, `masked` takes out names and whatever shows the arm,
`fenced` sets them between marks, `ask` has one grader fill in a form, `poll` several.
"""

from advocate_evals.grading.ask import ask, ask_closed
from advocate_evals.grading.ballots import Ballot, Quote
from advocate_evals.grading.evidence import Piece, called, record
from advocate_evals.grading.fence import Evidence, fenced

__all__ = ["Ballot", "Evidence", "Piece", "Quote", "ask", "ask_closed", "called", "fenced", "record"]
