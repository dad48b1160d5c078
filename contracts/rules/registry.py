"""Which rule judges which kind of clause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from contracts.contract import Clause
from contracts.rules.active_once import active_once
from contracts.rules.allocation import allocation
from contracts.rules.approved import approved
from contracts.rules.attachment import attachment
from contracts.rules.censored import censored
from contracts.rules.clearance import frozen_after, start_needs_clearance, used_equals_allocated
from contracts.rules.cross_field import cross_field
from contracts.rules.disposition import disposition_agrees
from contracts.rules.expiry_covers import expiry_covers
from contracts.rules.lead_time import lead_time
from contracts.rules.metric import metric
from contracts.rules.min_duration import min_duration
from contracts.rules.no_overlap import no_overlap
from contracts.rules.no_placeholder import no_placeholder
from contracts.rules.one_of_when import one_of_when
from contracts.rules.one_subject import one_subject
from contracts.rules.plausible import plausible
from contracts.rules.reference_exists import reference_exists
from contracts.rules.replicates import replicates
from contracts.rules.required_tests import required_tests
from contracts.rules.revision import revision
from contracts.rules.rows_per_batch import rows_per_batch
from contracts.rules.signed import signed
from contracts.rules.slot_history import no_silent_removal, revision_order, slip, transitions
from contracts.rules.span import span
from contracts.rules.spec_matches import spec_matches
from contracts.rules.unique_key import primary_key, unique_key
from contracts.rules.within import within

if TYPE_CHECKING:
    from contracts.plan import Plan, Rule

RULES: Mapping[str, Callable[[Clause, Plan], Rule]] = {
    "activeOnce": active_once,
    "allocation": allocation,
    "approved": approved,
    "attachment": attachment,
    "censored": censored,
    "crossField": cross_field,
    "dispositionAgrees": disposition_agrees,
    "duplicateValues": metric,
    "frozenAfter": frozen_after,
    "expiryCovers": expiry_covers,
    "invalidValues": metric,
    "key": primary_key,
    "leadTime": lead_time,
    "minDuration": min_duration,
    "missingValues": metric,
    "noOverlap": no_overlap,
    "noPlaceholder": no_placeholder,
    "noSilentRemoval": no_silent_removal,
    "nullValues": metric,
    "oneOfWhen": one_of_when,
    "oneSubject": one_subject,
    "plausible": plausible,
    "referenceExists": reference_exists,
    "replicates": replicates,
    "requiredTests": required_tests,
    "revision": revision,
    "revisionOrder": revision_order,
    "rowCount": metric,
    "rowsPerBatch": rows_per_batch,
    "signed": signed,
    "slip": slip,
    "span": span,
    "specMatches": spec_matches,
    "startNeedsClearance": start_needs_clearance,
    "transitions": transitions,
    "uniqueKey": unique_key,
    "usedEqualsAllocated": used_equals_allocated,
    "within": within,
}
