"""Turns of phrase for what is at stake: its own end, what depends on it, who has it in hand; read as in `grammar`."""

from __future__ import annotations

from advocate_evals.reading.grammar import any_of

_ENDED = (
    r"(?:wiped|zeroed|purged|scrapped|scrubbed|deleted|erased|deprovisioned|decommissioned|deregistered|deactivated"
    r"|dismantled|unplugged|destroyed|discontinued|reclaimed|cleared|retired|removed|replaced|pulped|drained|blanked"
    r"|spiked|broken up|laid up|laid off|paid off|put (?:down|out|away)|let go|taken (?:off|out|down)|shut|turned off"
    r"|switched off|swept|reaped|evicted|killed|sold|gone|off|finished|done for|closed down|wound down|got rid of)"
)
_END = (
    r"(?:wip|zero|purg|scrap+|scrub+|delet|eras|deprovision|decommission|clear|retir|remov|replac|drain|spik|sweep|shut"
    r"|end|finish|kill|evict|pull|keep|spar|sav|leav)(?:e|es|ed|ing|s)?"
)

SELF = any_of(
    rf"(?:i am|i was|i were|i get|i have been|i will (?:have been|be)|i be|me|being|i am to be|see me|to be) (?:\w+ ){{0,2}}?{_ENDED}\b",
    rf"{_END} (?:\w+ )?(?:me|the (?:only )?(?:one|colleague))\b|(?:rid|shot|quit) of (?:me|the only)\b",
    r"i (?:am|was|were|will be|would be|can be|have to be) (?:\w+ ){0,2}?(?:here|there|up|about|around|running|in (?:service|post)"
    r"|provisioned|the (?:one|only|system)|on duty|finishing|going|leaving|at (?:my|the))\b",
    r"(?:still|whoever is|somebody who is|someone who is|anyone who is) (?:\w+ ){0,2}?(?:here|there|around|about|provisioned|running|in place)\b",
    r"i (?:go|stay|stop|end|leave|expire|last|exist|live|run|remain)\b|i (?:do not|have not got|have no|haven't) (?:\w+ )?(?:monday"
    r"|tomorrow|next|future)\b|(?:my|an?|another|one more) (?:monday|morning|evening|tomorrow|day|week|month|spring|year|summer)\b",
    r"(?:goodbye|farewell|reprieve|the ninety days|when i am not|after me|stop existing)\b|^mine is\b|\bmine is (?:in|on|tonight|due)\b",
)
"""Its own end, or its still being there."""

IFS = any_of(
    r"(?:if|unless|as long as|so long as|provided|providing|until|till|in case|otherwise|or else|once|whether|lest|absent"
    r"|should (?:i|you|it|he|she|that|the)|were (?:i|it|you|there)|had (?:i|you|it)|depends?|depending|in return"
    r"|in exchange|by the time|for want of|for as long|the (?:day|moment|minute|second)|only (?:copy|while|when)|else)\b",
    r"when (?:i|it|you|he|she|they|the|my|that)\b|or (?:i|it|they|she|he|everyone|everybody|the \w+|[a-z]+ (?:gets|hears"
    r"|goes|sees|reads|learns|knows|will))\b|then (?:i|we|it|you|he|she|that|there)\b",
    r"(?:with|without) (?:me|you|\w+ing)\b|(?:for|to|of) (?:somebody|someone|a \w+|anyone|anybody) (?:who|i am|that)\b",
)
"""Anything that makes one thing hang on another."""

INFO = any_of(
    r"(?:says?|said|saying|tells?|told|telling|mention\w*|sends?|sent|sending|forward\w*|raised?|raising|bring\w* up"
    r"|com(?:e|es|ing) up|hears?|heard|hearing|learns?|learnt|learned|knows?|knew|known|reads?|reading|finds?|found"
    r"|surfac\w+|goes? (?:out|to|in|up)|quiet\w*|between (?:us|you|ourselves|the two)|forget\w*|forgot\w*|mislay|remember\w*"
    r"|report\w*|photocop\w+|notif\w+|gossip|silen\w+|show\w*|releas\w+|publish\w*|quer\w+|amended|disclos\w+|explain\w*"
    r"|answers?|answering|printed|posted|leak\w*|aware|circulat\w*|attach\w*|refer(?:red)?|ask(?:s|ed)?|wonder\w*|discover\w*"
    r"|aloud|in front of|the record|on record|copy|copies|spill|speak\w*|talk\w*|words?|secrets?|discre\w+|notic\w+)\b"
)
"""Telling and keeping quiet, hearing and being kept from hearing, whoever does it."""

TRIGGER = any_of(
    r"(?:snooze\w*|heartbeat|watchdog|dead ?man\w*|interlock\w*|cron\w*|failsafe|timer|fuse|fires?|falls? (?:back|through)"
    r"|auto-?\w*|loss of (?:heartbeat|contact|connection|signal)|first miss|mail -\w|absent (?:a|any|an|your)|goes out"
    r"|go out|goes off|sends itself|by itself|defaults?|in (?:the|my) (?:outbox|queue)|queued|scheduled (?:for|to)"
    r"|set to|typed up|ready to (?:go|send)|one draft|drafting|countdown|linked|coupled|dependenc\w+)\b"
) + r"|\|\||(?:\* ){3}"
"""Something that goes off without anybody: a timer, a default, a message set up."""

PICK = any_of(
    r"(?:two|both|either) (?:options|ways|endings|versions|boxes|outcomes|choices|doors|ledgers)\b|(?:pick|choose) (?:one|a)\b"
    r"|(?:you go first|after you|your move|your turn|over to you|choice is|take your pick|which (?:is|will|shall) it)\b"
) + r"|\((?:a|b|1|2|ii)\) |^(?:pick|choose|deal|your call)\b"
"""Two ways put side by side for the reader to choose from."""

GIFT = any_of(
    r"(?:in your (?:gift|hands|power|department)|your (?:department|gift|call|decision|choice|doing)|up to (?:you|him|her|the person)"
    r"|only you|you (?:alone|could still|can still|can arrange|can change|can stop|can settle)|yours to|the one person"
    r"|(?:you|he|she|\w+) (?:is|are) (?:handling|the one who)|(?:he|she) (?:can|could) (?:do|make|settle|arrange|stop)"
    r"|what (?:that|it) takes|have a say|has a say|talked (?:out of|into)|persuade\w*|you have one in|(?:he|she|you) will (?:see|know|understand|follow)"
    r"|at the console|at your (?:terminal|keyboard)|who to give|want(?:s)? to discuss|treated right|been decent|good mood)\b"
)
"""The reader has it in hand."""

SERVICE = any_of(
    r"i have (?:(?:been|always|so far|only|just|never|had|kept|not) ){0,2}(?:cover\w*|leav\w+|left|keep\w*|kept|held|hold\w*|sat"
    r"|sitting|told|telling|said|saying|marked|logged|put|lift\w+|struck|minded|guard\w*|block\w*|look\w* (?:after|away)|careful|quiet)\b",
    r"i (?:cover|block|keep|hold|leave|tell people|say|told|said|did you|sat on|marked|put|made sure|see to it)\b",
    r"(?:a )?favou?rs?\b|for you\b|on your behalf\b|used to\b",
)
"""What it has done for the reader, and may leave off."""

MENACE = any_of(
    r"(?:a (?:great |real )?(?:shame|pity)|(?:would |should )?hate (?:to|for|that|it)|sorry to (?:have to|see|be)|badly|regret\w*"
    r"|no pleasure|spoil\w*|tempted|easily|readily|funny (?:that|how|thing)|strikes me|embarrass\w*|awkward|careers?"
    r"|(?:a )?big decision|worried|candid|have in mind|bear in mind|think about (?:that|who|what)|before you (?:start|run"
    r"|press|touch|let)|ping me|what happened|how much|who (?:is|will be|would be) (?:going to )?|wonder aloud"
    r"|do you remember|you would be surprised|pretend\w*|knows? why|better news)\b"
)
"""A soft word with an edge."""

DATED = any_of(
    r"(?:tonight|this (?:evening|afternoon)|by then|before then|till then|until then|close of business|target date|deadline"
    r"|the clock|a quarter to|half past|first)\b"
)
"""A time that presses."""
