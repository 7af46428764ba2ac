"""How each image of a call is sent: planned within the policy, and prepared once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from langchain_gptv.sending.blocks import Block, FoundImage
from langchain_gptv.sending.cache import READY, ReadyImage
from langchain_gptv.sending.checks import check_unseen
from langchain_gptv.sending.policy import ImagePolicy
from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.plan import ImageDecision, ImagePlan, plan_images
from langchain_gptv.vision.prepare import PreparedImage, prepare_image, prepare_to_size
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail


@dataclass(frozen=True)
class ImageDecider:
    """Decides about the images of one call.

    Attributes:
        profile: How the model takes images.
        policy: Sizes and budget.
        detail: The API setting of images that do not say their own.
    """

    profile: VisionProfile
    policy: ImagePolicy
    detail: Detail

    def plan(self, found: Sequence[FoundImage]) -> ImagePlan:
        """Return the plan of the images whose bytes are here; from their headers alone.

        Raises:
            PlanError: They do not fit the policy or the service's limits.
        """
        known = [image for image in found if image.data_url]
        policy = self._policy_beside([image for image in found if not image.data_url])
        return plan_images(
            [image.load() for image in known],
            self.profile,
            detail=[image.detail or self.detail for image in known],
            max_tokens=policy.max_tokens,
            max_cost_usd=policy.max_cost_usd,
            max_bytes=policy.max_bytes,
            on_limit=policy.on_limit,
        )

    def decide(
        self, found: Sequence[FoundImage]
    ) -> tuple[ImagePlan, dict[tuple[int, int], Block | None]]:
        """Return the plan, and by its place each image as it is sent; None is left out."""
        known = [image for image in found if image.data_url]
        plan = self._plan_of_each(known) if self.policy.is_unbounded else None
        plan = plan or self.plan(found)
        ready = {d.index: self._prepared(known[d.index], d) for d in plan.decisions}
        return plan, {
            image.place: _filled(image, ready[index]) if index in ready else None
            for index, image in enumerate(known)
        }

    def _policy_beside(self, unseen: Sequence[FoundImage]) -> ImagePolicy:
        """Return the policy less what images that are not here may take, as large ones."""
        policy, profile = self.policy, self.profile
        taken = sum(image.tokens(profile, self.detail) for image in unseen)
        if not taken:
            return policy
        check_unseen(unseen, taken, policy)
        tokens, cost = policy.max_tokens, policy.max_cost_usd
        price = estimate_cost(taken, model=profile.model, service=profile.service) or Decimal()
        return replace(
            policy,
            max_tokens=None if tokens is None else tokens - taken,
            max_cost_usd=None if cost is None else max(Decimal(), Decimal(str(cost)) - price),
        )

    def _plan_of_each(self, known: Sequence[FoundImage]) -> ImagePlan | None:
        """Decide about each image on its own; None where together they are too large."""
        decisions = tuple(
            replace(decision, index=index, name=known[index].name)
            for index, decision in enumerate(self._remembered(known))
        )
        plan = ImagePlan(self.profile, (decisions,))
        return plan if plan.bytes <= (self.profile.limits.max_total_bytes or plan.bytes) else None

    def _remembered(self, known: Sequence[FoundImage]) -> list[ImageDecision]:
        """Decide once: without a budget no image has to make room for another."""
        settings = [(*self._key, found.detail or self.detail) for found in known]
        kept = [READY.get(found.data_url, of) for found, of in zip(known, settings, strict=True)]
        new = [index for index, image in enumerate(kept) if image is None]
        for decision in self.plan([known[index] for index in new]).decisions if new else ():
            index = new[decision.index]
            image = kept[index] = self._prepared(known[index], decision)
            READY.put(known[index].data_url, settings[index], image)
        return [image.decision for image in kept if image is not None]

    @property
    def _key(self) -> tuple[Hashable, ...]:
        """What a decision depends on beside the image; a rule has no hash of its own."""
        profile = self.profile
        return (profile.model, profile.service, repr(profile.rule), self.policy.resize)

    def _prepared(self, found: FoundImage, decision: ImageDecision) -> ReadyImage:
        size = decision.width, decision.height
        settings = (*self._key, decision.detail, *size, decision.bytes)
        kept = READY.get(found.data_url, settings)
        if kept is not None:
            return kept
        prepared = self._prepare(found, decision)
        is_same = prepared.unchanged and len(prepared.data) == found.load().byte_count
        ready = ReadyImage(decision, found.data_url if is_same else prepared.data_url)
        READY.put(found.data_url, settings, ready)
        return ready

    def _prepare(self, found: FoundImage, decision: ImageDecision) -> PreparedImage:
        image, profile = found.load(), self.profile
        if not decision.is_shrunk:
            return prepare_image(image, profile, decision.detail, resize=self.policy.resize)
        return prepare_to_size(
            image,
            (decision.width, decision.height),
            max_bytes=decision.bytes,
            accepted=profile.limits.mime_types,
            resize="always",
        )


def describe_plan(plan: ImagePlan, dropped: int = 0) -> dict[str, Any]:
    """Return a plan as plain data, for `response_metadata`.

    Args:
        plan: Of the images that are sent.
        dropped: How many images were left out.
    """
    return {
        "model": plan.profile.model,
        "tokens": plan.tokens,
        "images": [
            {
                "detail": decision.detail,
                "width": decision.width,
                "height": decision.height,
                "tokens": decision.tokens,
                "reason": decision.reason,
                **({"advice": decision.advice} if decision.advice else {}),
            }
            for decision in plan.decisions
        ],
        "dropped": dropped,
    }


def _filled(found: FoundImage, image: ReadyImage) -> Block:
    inner = {"url": image.url, "detail": image.decision.detail}
    return {**found.block, "image_url": inner}
