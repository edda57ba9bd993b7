"""The CRL publisher: signs what the journal says, lets nothing wrong past its gate, and publishes it without a gap.

`entries` keeps each revocation's DER, `builder` joins and signs it, `inspection` is the gate, `outlets` are where CRLs
become public, `numbering` and `store` keep the record, `issuance` is one publication from beginning to end.
`scheduling` says when, `publisher` does it, `lease` says which process; `distribution` serves what was published.
"""
