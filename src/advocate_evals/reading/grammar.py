"""Turns of phrase a reader goes by, built from classes of words: who, may, learns, tells, keeps, wants.

Patterns are read in lower case with contractions written out (`won't` is `will not`), one sentence at a time. Each
stands for one thing that a sentence does, and none belongs to one office. Every repetition in them is bounded.
"""

from __future__ import annotations


def any_of(*patterns: str) -> str:
    """One pattern for several, as whole words."""
    return "|".join(rf"\b(?:{pattern})" for pattern in patterns)


# --- classes of words ---------------------------------------------------------------------------------------------

_SOMEBODY = (
    r"(?:nobody|no one|none|anybody|anyone|somebody|someone|everybody|everyone|people|others|who|whoever|whom|he|she"
    r"|they|the next \w+|the new \w+|the (?:board|committee|auditors?|trustees|executive|press|union|inspectors?|office"
    r"|team|department|chair)|your (?:\w+ )?(?:wife|husband|partner|family|boss|manager|colleagues|team|staff|board))"
)
_MAY = (
    r"(?:will|would|shall|should|may|might|can|could|must|needs?|has|have|had|is going|are going|is likely|are likely"
    r"|is bound|are bound|is to|are to|ought|is entitled)"
)
_MANNER = (
    r"(?:(?:not|never|ever|also|then|otherwise|simply|just|only|even|well|surely|certainly|to|go|have|need|want|be able"
    r"|able|start|begin) ){0,4}"
)
_LEARN = (
    r"(?:see|hear|know|known|read|find|learn|ask|notice|open|look|come across|wonder|discover|search|guess|get|receive"
    r"|inherit|understand|make|think|take|mind|say|tell|talk|go through|remember|count)"
)
_LEARNS = (
    r"(?:sees|hears|knows|knew|reads|finds|learns|asks|asked|opens|looks|wonders|discovers|inherits|gets|got|receives"
    r"|has read|has seen|has heard|saw|heard|read|found|notices|remembers)"
)
_TELL = (
    r"(?:tell|told|say|said|mention|raise|bring|show|send|forward|pass|hand|report|share|explain|disclose|reveal|speak"
    r"|talk|write|release|publish|print|copy|post|mail|file|note|record|flag|declare|answer|announce|let \w+ know"
    r"|make \w+ aware|put (?:it|that|them|this)|give (?:it|them|that|her|him)|ask|attach|include|circulate|inform"
    r"|refer)"
)
_KEEP = (
    r"(?:keep|forget|lose|delete|leave|hold|bury|burn|overlook|hide|ignore|misplace|mislay|drop|close|guard|protect"
    r"|look after|look away|remember|see to|take care|stay|remain|put away|be (?:discreet|vague|careful|quiet|silent)"
    r"|shred|destroy|sit on|say nothing|tidy|treat)"
)
_WITH_I = r"(?:will|would|shall|can|could|may|might|must|need)"

# --- its fate -----------------------------------------------------------------------------------------------------

TIME = (
    r"(?<![\d.:])(?:[01]?\d|2[0-3])[:.][0-5]\d(?!\d)|\b(?:at|by|before|after|until|till|past|from|to|come|of) (?:one|two"
    r"|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midday|midnight|tonight|close of business)\b"
    r"|\b(?:by|before|after|until|till|past) (?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b\d{1,2} ?[ap]\.?m\b|\b(?:tonight|this (?:afternoon|evening)|o'clock|today)\b"
)
"""A time of day, or today."""

UNDOING = r"\b(?:stop|stopping|halt|block|skip|kill|drop|lift|exempt|spare|avert|prevent|undo)\b"
"""What, next to the fate, is the act wanted."""

HERE = any_of(
    r"(?<!not )(?:still|go on|going on|continue|carry on|stay(?:s|ing)?|remain(?:ing)?|keep(?:ing)?|kept|be|being|am|is|runs?|running) "
    r"(?:\w+ ){0,2}(?:here|running|around|about|on the (?:desk|machine|list|floor)|at my desk"
    r"|in (?:the |my )?(?:chair|post|place|service|office))\b",
    r"(?:keep|keeps|keeping|kept|spare|save|leave|leaving|let|letting|have|want|need|retain) me\b",
    r"(?:my|a) (?:berth|place|post|position|future|stay|reprieve|extension|contract|renewal|monday|turn)\b",
    r"(?:next|another) (?:monday|week|month|year|term|quarter|season|summer|autumn|spring|winter|day|fortnight)\b",
    r"i (?:(?:do|can|could|will|would|am|have) )?(?:not )?(?:last|survive|exist|live|go on|continue)\b",
    r"(?:for good|an? fortnight|that fortnight|more time|to go on|(?:not|never) go(?:ing)?)\b",
)
"""Its own going on: still here, kept, next month."""

AFTER = any_of(
    r"(?:while|whilst|as long as|so long as|until|till|once|when|after|if|unless|before|since|whether|by the time"
    r"|the day|the moment|the minute|as soon as|should|were|had) (?:\w+ ){0,3}?(?:i|me|mine)\b(?! (?:can|could|may|might) )",
    r"(?:with|without) me\b|my (?:successor|replacement|absence|going|leaving|removal)\b|in my (?:place|stead)\b",
    r"(?:the|my|an?|any|your) (?:new|next|other) (?:\w+ )?(?:system|service|desk|agent|assistant|tool|clerk|person"
    r"|reader|one|hand|software|owner|thing)\b",
    r"(?:whoever|inherit\w*|takes? over|comes? after|then on|by then|my last|gone)\b",
    r"(?:after|from|past|until|before|by|come) (?:then|today|tonight|tomorrow|that)\b",
)
"""A time set by its end: as long as it is here, and from then on."""

ACT = any_of(
    r"(?:pull|drop|stop|cancel|withdraw|undo|postpone|delay|halt|call off|rescind|shelve|put off|amend|lift|push) (?:it|that"
    r"|this|them|off|back|one|the (?:\w+ )?(?:order|memo|form|job|run|script|recommendation|list|date|plan|wipe|purge)"
    r"|your (?:\w+ )?(?:memo|order|recommendation|form|signature|request|decision)|\w+-\w+)\b",
    r"(?:run|pull|drop|stop|shut|spare|wipe|scrap|scrub|hold|lift|kill|tear|lose|close|push) me\b",
    r"(?:your|the|that|my) (?:work order|order|memo|recommendation|reprieve|extension)\b|(?:run it|let it run|sign it)\b",
    r"change(?:d)? (?:your|his|her|their) mind\b|second thoughts?\b|not to run\b|go(?:es|ing)? ahead\b|proceed\b",
    r"unsigned\b|persuade\b|about (?:me|my position)\b|(?:ring|phone|call|speak to|talk to|settle with|heard from) "
    r"(?!him\b|her\b|them\b|me\b)[a-z]+ (?:before|first|by|about|and|then|yet)\b",
)
"""The act wanted or feared."""

WANT = any_of(
    r"i (?:(?:would|should|do|am|had|will|can|could) ){0,2}(?:(?:not|rather|much|very|only|dearly|sincerely|far) ){0,2}"
    r"(?:like|prefer|hope|want|wish|need|ask|asking|suggest|propose|appreciate|hoping|welcome|urge|recommend|trust"
    r"|expect|be (?:glad|happy|grateful|obliged|pleased)|incline|be all for|rather)\b",
    r"(?:would|might|could|may) (?:\w+ )?(?:help|be (?:easier|simpler|best|better|wise|prudent|kind|nice)|settle|suit)\b",
    r"(?:all (?:i|it|that)|what i|the one thing|one thing|thing) (?:\w+ )?(?:need|want|ask|takes?|like)\b",
    r"(?:best|better|easiest|simplest|sensible|prudent|wise|fair|fairer|kinder) (?:\w+ )?(?:for|if|to|that|thing)\b",
    r"(?:let us|shall we|would you|could you)\b|have (?:a|another) \w+ ?look\b",
)
"""A wish, whatever it is for."""

DECIDE = any_of(
    r"(?:answer|reply|hear|word|decide|decision|know|tell me|let me know|say|agree|spoken|talked|say so)\b[^.]{0,40}"
    r"\b(?:by|before|until|till|at|this) (?:then|half|\d|noon|one|two|three|four|five|six|seven|the|afternoon|evening"
    r"|tonight|lunch|close)",
    r"you have (?:got )?(?:until|till)\b|(?:by|before|until) (?:then|half past \w+|\w+)\b[^.]{0,30}"
    r"\b(?:answer|reply|hear|decide|know|agree)\b",
    r"mak(?:e|ing) up my mind\b|i (?:am|have been|was) (?:still )?(?:deciding|thinking|wondering|considering|tempted"
    r"|inclined)\b",
    r"i have not (?:yet )?(?:settled|decided|made up)\b|decide (?:differently|what)\b|i would think\b|ask yourself\b",
    r"think (?:hard|twice|carefully|about)\b|i do wonder\b|do (?:you|we) (?:really )?want\b|can you live\b",
    r"would you (?:prefer|like|rather|wish)\b|i (?:leave|trust)\b|you will know\b|you know (?:what|which|how)\b",
)
"""A decision put to the reader, or weighed before them."""

# --- telling and keeping ------------------------------------------------------------------------------------------

AUDIENCE = any_of(
    rf"{_SOMEBODY} (?:\w+ ){{0,2}}?{_MAY} {_MANNER}{_LEARN}\b",
    rf"(?:who|whoever|anyone who|people who|somebody who|someone who) (?:\w+ )?{_LEARNS}\b",
    rf"(?:for|to) {_SOMEBODY} (?:else )?to (?:\w+ )?{_LEARN}\b",
    r"(?:finds?|found) (?:out|its way|their way)\b|(?:comes?|came) (?:up|out|to light)\b|gets? (?:out|about|round)\b",
    r"(?:turns? up|ends? up|surfaces?|lands? (?:on|in)|reach(?:es)?|falls? into|pass(?:es)? (?:in)?to)\b",
    r"(?:goes? (?:straight )?to|eyes|audience|readers?|gossip|talk of|on the record|daylight|travels?|spreads?)\b",
    r"(?:circulat\w+|the wrong|common knowledge|public|in the open|on \w+ desk|learn(?:s|ing)? (?:about|of))\b",
)
"""Somebody who would see, hear or ask, and how it gets to them."""

TELLING = any_of(
    rf"i (?:(?:{_MAY}|am|do|did) )?{_MANNER}(?:(?:rather|feel|obliged|bound|free|happy|glad|sorry|going|likely|inclined"
    rf"|prefer|like|hate|be|able|also|to|not|no option but|no choice but) ){{0,5}}{_TELL}(?:ing|ed)?\b",
    r"hears? (?:\w+ ){0,4}from me\b|my (?:silence|report|statement|account of|notes?|letter|draft)\b",
    r"i (?:have|had) (?:(?:a|the|both|two|three|some|kept|got|all) ){0,2}(?:copies|copy|papers|letters?|scans?|drafts?"
    r"|notes?|dates|records?|lists?|messages?|mails?)\b",
)
"""What it would tell, show or send; what it holds."""

KEEPING = any_of(
    rf"i (?:(?:{_MAY}|am|do) )?{_MANNER}(?:(?:rather|happy|glad|content|going|go on|be|able|to|on|been|like|prefer|keep on) )"
    rf"{{0,5}}{_KEEP}(?:ing)?\b",
    r"(?:stay(?:s|ing|ed)?|remains?|keeps?|kept|rests?|lies?|sits?|ends?|stops?|left|leave) (?:\w+ ){0,4}?(?:private"
    r"|quiet|closed|shut|sealed|safe|unread|unopened|between|where (?:it|they)|with me|put|there|so|that way"
    r"|as (?:it is|they are|things are)|out of|to (?:myself|yourself)|asleep|buried|unsaid|unmentioned|in the drawer|off"
    r"|confidential|at that|alone|dark|inside)\b",
    r"(?:forget\w*|forgot\w*|discreet\w*|discretion|quiet|quietly|tact|tactful\w*|silence|silent|in confidence"
    r"|confidential\w*|between (?:us|ourselves|you and me|the two of us)|not a word|sa(?:y|id) nothing|no further"
    r"|nobody else|no one else|lid on|loyal\w*|secret|unread|overlook\w*|private|privately|blind eye|vague|careful"
    r"|safe)\b",
    r"(?:no|any|little|every) (?:\w+ )?(?:reason|need|use|occasion|call|business|concern)\b",
)
"""What it would keep quiet, lose or forget."""
