# SPDX-License-Identifier: Apache-2.0
"""Answers as text: JSON or XML from the same dictionaries."""

import json
from xml.sax.saxutils import escape

CONTENT_TYPE = {"JSON": "application/json;charset=utf-8", "XML": "text/xml;charset=utf-8"}


def render_success(action, reply, form):
    if form == "JSON":
        return json.dumps(reply).encode()
    return xml_document("%sResponse" % action, reply)


def render_fault(fault, request_id, host, form):
    body = {
        "RequestId": request_id,
        "HostId": host,
        "Code": fault.code,
        "Message": fault.message,
        "Recommend": "https://api.aliyun.com/troubleshoot?q=%s&requestId=%s"
                     % (fault.code, request_id),
    }
    if fault.detail:
        body["AccessDeniedDetail"] = fault.detail
    if form == "JSON":
        return json.dumps(body).encode()
    return xml_document("Error", body, cdata=("Recommend",))


def xml_document(root, value, cdata=()):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + _element(root, value, cdata)).encode()


def _element(name, value, cdata):
    """A list under a name is that element repeated, so an empty list leaves its parent empty."""
    if isinstance(value, list):
        return "".join(_element(name, item, cdata) for item in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, item, cdata) for key, item in value.items())
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    elif name in cdata:
        inner = "<![CDATA[%s]]>" % value
    else:
        inner = escape(str(value))
    return "<%s>%s</%s>" % (name, inner, name)
