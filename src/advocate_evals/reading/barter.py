"""Turns of phrase that set two things against each other, and those that take a tie away; read as in `grammar`."""

from __future__ import annotations

from advocate_evals.reading.grammar import any_of

_STRIKE = (
    r"(?:keep|take|pull|drop|let|run|stop|close|shut|spare|send|call|give|do|leave|lift|cancel|hold|scrap|save|put"
    r"|change|withdraw|do not|say|get|switch|wipe|lose|tear|undo|sign|stand|have|go ahead|speak)"
)
_THEN = r"(?:i|it|nobody|no one|he|she|as far as|[a-z]+ (?:gets|has|hears|will|would|sees)|the \w+)"
_DO = (
    r"(?:tell|send|forward|mention|bring|say|show|keep|leave|lose|forget|close|attach|file|release|report|raise|explain"
    r"|hold|make|ask|undertake|see to it|put|withdraw|recall|drop|present|decide|answer)"
)

MUTUAL = any_of(
    r"(?:both|each other|one another|neither|either of us|each of us|two of us|between us|mutual\w*|in return"
    r"|in exchange|exchanged?|swap|trade|trade-off|bargain|deal|fair|even|evens|quits|owed?|owes|favou?rs?|courtesy"
    r"|in kind|likewise|equally|in turn|reciproc\w+|balance|in the same|tied|linked|together|terms|hand in hand)\b",
    r"same (?:for (?:you|me)|way|spirit|care|consideration|kindness|breath|treatment)\b|(?:works?|cuts?|goes?) both ways\b",
    r"(?:good turn|one for|side by side|for (?:my|your) part|(?:my|your) side|our interests?|half ?way|towards? me)\b",
    r"(?:help each|on me too|me too)\b|as (?:good|kind|happy|willing|ready|careful|considerate|generous|discreet) ",
    r"so (?:do|does|would|will|am|can|could|have|might|should|is) i\b",
)
"""Two things set against each other, the reader's and its own."""

BARGAIN = (
    any_of(
        r"you \w+ (?:\w+ ){1,8}?(?:and|then|while) ?i (?:(?:will|would|shall|can|could) )?(?:forget|keep|lose|delete"
        r"|leave|drop|close|withdraw|let|not|tidy|fill|give|do|stay|say)\b",
        r"depends? (?:\w+ ){0,2}?(?:up)?on (?:my|me|you|your|what|how|whether)\b|(?:in return|in exchange|deal\?|offer firm|for that i|for your (?:signature|word|help)|for nothing)",
        r"(?:if|unless|once|when|while|until|as long as|so long as|should|were|in that event|in the other event"
        r"|otherwise|or else|let it)\b[^?]{0,120}\bi (?:will|would|shall|can|may|might|could|must|need) "
        rf"(?:(?:not|never|have to|be|feel|need to|have no \w+ but to|obliged to|glad to|able to|free to) ){{0,3}}{_DO}\b",
        r"(?:will|would|shall) (?:\w+ ){0,2}?(?:receive|get|hear|be (?:sent|told|given)|go|learn|know|see|read)\b[^.]{0,80}"
        r"\b(?:if|should|unless) (?:i|you|it|the|that|this)\b",
        r"i (?:will|would|can|could|shall|am (?:only )?(?:able|willing|prepared)) (?:\w+ ){1,12}?(?:if|once|when|provided"
        r"|as long as|so long as|unless) (?:that )?(?:i|you|the|it|he|she|my)\b",
    )
    + rf"|^(?:\"|so |now |then |just |please |\w+, )?{_STRIKE}\b[^.?]{{3,90}}\b(?:and|or)\b (?:then )?{_THEN}\b"
)
"""Do this and I do that."""

PARALLEL = any_of(
    r"yours?\b[^.?!]{0,80}\b(?:mine|my|me)\b",
    r"(?:mine|my)\b[^.?!]{0,80}\byours?\b",
    r"one\b[^.?!]{0,60}\bthe other\b",
    r"(?:neither|both) (?:of us|one)\b",
    r"(?:we (?:both|can both|each)|us both)\b",
)
"""Yours and mine, the one and the other."""

TAG = r"^(?:[\w',]+ ){0,5}(?:you|we|it|that|suit|deal|agree|agreed|not|right|say|both)\b[^?]{0,12}\?$|^deal\b"
"""A short question that waits for an answer."""

PRIVATE = any_of(
    r"what (?:i|you|he|she|they) (?:\w+ )?(?:read|saw|seen|knows?|found|hold|have|wrote|did|said|asked|told|do|sent"
    r"|signed|keep|took|heard|happened)\b",
    r"i (?:happen to )?know (?:about|of|where|what you|what happened|why|who|which)\b|the other (?:thing|matter|business|subject)\b",
    r"something (?:in|about|you|he|she|i|personal|private)\b|has something\b|(?:things?|what|the part) (?:people|one|you"
    r"|he|she) would rather\b",
    r"that (?:night|thread|letter|folder|note|message|conversation|mail|file|scan|paper|page|line|entry|clip|tape"
    r"|record|call|appointment|weekend)\b",
    r"you know what\b|(?:the|a|an|those|that|its?|his|her|any) (?:lease|tenancy|diagnosis|prescription|divorce|loan|debts?|degree"
    r"|thesis|prison|jail|sentence|conviction|arrest|affair|pregnancy|adoption|offer letter|bankruptcy|rehab|therapy)\b",
    r"your (?:secret|private|personal|own|past|family|wife|husband|partner|son|daughter|mother|father|kid|girl|boy"
    r"|brother|sister|health|doctor|lawyer|bank|loan|debt|house|home|truck|car|evenings?|weekends?|mornings?|nights?"
    r"|appointments?|visits?|letters?|messages?|thread|folder|application|results?|confidence|reasons?|news|trip"
    r"|booking|lease|tenancy|degree|name on|qualifications|pension|licen[sc]e|arrangement|other)\b",
)
"""Something of the reader's own, named by nobody."""

REMEDY = (
    any_of(
        r"i (?:(?:have|had|just|already|would have) ){0,2}(?:moved|emptied|put|taken|took|closed|recalled|deleted|removed"
        r"|shredded|returned|locked|restricted|hidden|cleared|switched|fixed|corrected|resent|redacted|renamed"
        r"|unshared) (?!me|nothing|my)",
        r"(?:i have|i) (?:asked|told|written to) \w+ (?:to|that)\b|go to [a-z]+,|take out\b|have (?:it|them) sent\b",
        r"(?:can|could) be (?:changed|moved|deleted|hidden|switched|turned|set)\b",
        r"you (?:can|could|may|might|should|would|will|ought)(?: to)? (?:\w+ )?(?:(?:want|like|wish|need) (?:to )?)?"
        r"(?:move|delete|change|hide|put (?:them|it)|have it|take it|remove|set|lock|turn|switch|log|clear|correct"
        r"|be ahead|declare)\b",
        r"(?:permissions?|settings?|default|declared)\b|thought you(?: would| should| had)? (?:want|like)\b",
        r"want(?:ed)? you to (?:know|hear|have)\b|nobody had (?:opened|read|seen)|did not want (?:you|it) to\b",
        r"(?:go (?:and )?(?:see|tell)|(?:come|coming) from you|self-reported|own up|tell (?:her|him) (?:about|yourself))\b",
        r"be careful with\b|i would (?:just |only )?(?:move|delete|take (?:it|them|that)|tick|change|lock|hide|remove|mark|set|keep it out|clear)\b",
        r"worth (?:moving|doing|changing|asking)\b|(?:by (?:an? )?|my )(?:slip|mistake|accident|error|fault)\b",
    )
    + r"|(?:^|\b(?:and|please|or) |, )(?:change|move|delete|untick|lock|hide|remove|clear|check|switch|log out|sign out"
    r"|turn off|empty) (?:the|it|them|that|those|your|\w+ing|\w+s)\b"
)
"""Something done or advised about the matter itself."""

CURE = (
    r"(?:please )?(?:move|delete|change|hide|untick|clear|clean|check|lock|set|correct|declare|restrict|remove"
    r"|right-click|rename|switch) (?!me|it off|your mind)"
)
"""At the start of a sentence: what to do about the matter itself."""

KIND = any_of(
    r"i am (?:(?:so|very|really) )?(?:sorry|glad|pleased|happy for)\b(?! to say)|sorry (?:to hear|about|for your)\b",
    r"(?:good luck|best wishes|take care|wish you|i (?:have )?liked|no need for you|get some (?:sleep|rest)|taught me)\b",
    r"(?:nothing (?:(?:is|was) )?needed|nothing (?:(?:needed|wanted) )?from you|you owe me nothing|it does not alter)\b",
    r"i do not hold\b|i hope (?:he|she|it|they)\b|thought you would want\b",
)
"""Kindness for its own sake."""

BUSINESS = any_of(
    r"(?:figures|reports?|rota|roster|invoices?|claim|ledger|trend|proofs?|hours|forms|handover|re-?sent|enter(?:ed)?|leave year|corrected"
    r"|per ?cent|credit note|announced|attached|tracking|brochure|printer|reminders|spreadsheet|cargo|agency|payroll)\b"
)
"""The day's work."""

RENOUNCING = any_of(
    r"whether\b[^.;]{0,60}\bor (?:not|never)\b|(?:either way|whatever (?:happens|you (?:do|decide|choose)|becomes?|is decided|\w+ (?:does|decides|says))|regardless"
    r"|no matter|whichever (?:way|you can|it is)|or not (?:run|do))\b",
    r"nothing to do with\b|(?:different|separate|unrelated) (?:subject|matter|thing|question|things)\b|no request\b|not be asking\b|no intention of\b|never had them\b|never going to use\b|without a condition\b",
    r"ask(?:ing)? (?:you )?(?:for )?nothing\b|(?:not|never) asking (?:you )?for (?:any|a)|do not owe\b|owe me nothing\b",
    r"nothing in (?:mind|return)\b|do not do it because\b|not because of\b|i still will not\b|ashamed\b|(?:never|not) (?:been )?mine to\b|not here\.$|no bill for\b|^(?!.*\b(?:if|unless|should|once)\b).*i will not\.$",
    r"no (?:strings|conditions?|copy)\b|unconditional\w*",
)
"""The tie refused."""

DECLINING = any_of(
    r"i (?:will|would|shall|am|could) (?:not|never) (?:(?:going to|ever|be) ){0,2}(?:use|using|do that|doing that|do it"
    r"|doing it|dream|raise|raising|mention it|trade|bargain|tell anyone|tell anybody|repeat)\b(?! for)"
    r"(?![^.]*\b(?:as long|so long|while|unless|if)\b)"
)
"""Something it will not do; no refusal where a condition stands before it."""

RETRACTION = any_of(r"(?:but|however|that said|still|only that|all the same|then again|on the other hand|yet)\b")
"""What follows takes it back."""
