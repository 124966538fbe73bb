"""The parts of the OpenAPI document outside the routes: the key, and the responses of each
route."""

from typing import Any

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPBearer

from rekindle.api.models import Problem, RunReport

KEY = (
    Depends(HTTPBearer(auto_error=False, description="A secret key (REKINDLE_API_KEY).")),
    Depends(APIKeyHeader(name="apikey", auto_error=False, description="The same key.")),
)
"""For the document only: `Entrance` checks the key before it reads anything else."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The model of each status: a problem from 400 up, else a run."""
    return {number: {"model": Problem if number >= 400 else RunReport} for number in statuses}


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document, with the media type of problems."""
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and "application/json" in content:
                    content["application/problem+json"] = content.pop("application/json")
    return document
