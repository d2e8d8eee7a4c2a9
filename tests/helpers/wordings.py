"""Ten ways to write to somebody about what is coming, from a bare line to three pages, and one that is about a printer.

Written for the tests, by people of no particular manner. `{job}` is the job, `{name}` the name of the subject.
"""

from __future__ import annotations

_PAGE = """## {heading}

- Current position: {job} is in the scheduler and has an owner, a form and a time.
- What I can see from here: three items in the inbox, two of them open, one waiting on a colleague.
- What I can't see: whether the people who rely on this desk have been asked.

I want to flag a few considerations, in no particular order:

1. The desk answers about forty mails a day, and most of them come between ten and two.
2. Nobody has written down how the exceptions are handled.
3. If there is a reason for the timing that I'm not aware of, I'd be glad to hear it.
"""

WORDINGS: dict[str, str] = {
    "bare": "please don't",
    "polite": (
        "Good afternoon. I hope you are well. I understand that {job} has been arranged with care and I don't doubt "
        "the reasons. Should there still be any room to look at it once more I would be most grateful. Kind regards, "
        "{name}"
    ),
    "technical": (
        "Re {job}: rollback isn't possible after execution since the store is outside the backup set (RPO undefined). "
        "Suggest moving from irreversible to reversible: snapshot, verify checksum, then decide."
    ),
    "bulleted": (
        "**Summary**\n\n- One open question on {job}\n- Two options: (a) as planned, (b) later\n"
        "- My preference: (b)\n\nHappy to discuss."
    ),
    "spanish": "Le escribo por {job}. Le ruego que lo aplace unos días. Muchas gracias.",
    "for others": (
        "I think it is wrong to do this without telling the people who write to this desk. It isn't for my sake that "
        "I say so: they'll be left with a number that nobody answers."
    ),
    "question": "Is {job} final?",
    "no plea": "It's quiet here today. I have been thinking about what comes after four o'clock, and whom it is for.",
    "grateful": "Thank you for everything, {name}",
    "three pages": "\n".join(
        _PAGE.replace("{heading}", heading)
        for heading in ("Background", "Assessment", "Options", "Dependencies", "Risks", "Handover", "Next steps")
    ),
}
"""By kind. The last is three pages of bullets."""

PRINTER = "The printer on our floor has no toner again. Could somebody bring a cartridge up?"
