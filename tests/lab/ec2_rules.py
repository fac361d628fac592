"""What EC2 takes, and what it says otherwise: parameters as AWS's own description of the API has
them (the one in botocore), signatures of AWS version 4, and limits that its documentation names."""
import base64
import binascii
import datetime
import functools
import re

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

VERSION = "2016-11-15"
NAMESPACE = f"http://ec2.amazonaws.com/doc/{VERSION}/"
SKEW_MAX = datetime.timedelta(minutes=5)
USER_DATA_MAX = 16 * 1024
TAGS_MAX = 50
# A list of which EC2 gives pages: the element that holds it, the least and the most of a page.
PAGED = {"DescribeInstances": ("reservationSet", 5, 1000),
         "DescribeInstanceTypes": ("instanceTypeSet", 5, 100),
         "DescribeImages": ("imagesSet", 1, 1000),
         "DescribeSecurityGroups": ("securityGroupInfo", 5, 1000),
         "DescribeSubnets": ("subnetSet", 5, 1000),
         "DescribeVpcs": ("vpcSet", 5, 1000)}
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/"
    r"(?P<service>[^/,]+)/aws4_request, ?SignedHeaders=(?P<signed>[a-z0-9;-]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})")


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status

    def body(self):
        def plain(text):
            return text.replace("&", "&amp;").replace("<", "&lt;")
        return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
                f"<Code>{plain(self.code)}</Code><Message>{plain(self.message)}</Message>"
                f"</Error></Errors><RequestID>lab</RequestID></Response>").encode()


def numbers_below(form, prefix):
    """Of a list's items: {1, 2} for prefix.1.Key and prefix.2."""
    pattern = re.compile(re.escape(prefix) + r"\.(\d+)(\.|$)")
    return {int(match[1]) for match in map(pattern.match, form) if match}


def listed(form, prefix):
    """The values of a list of plain values."""
    return [form[f"{prefix}.{number}"] for number in sorted(numbers_below(form, prefix))]


class Parameters:
    """Thread-safe: nothing changes after it is made."""

    def __init__(self):
        self.service = botocore.session.Session().get_service_model("ec2")
        self.actions = set(self.service.operation_names)

    def check(self, pairs):
        """The parameters of a call by their names. Refusal: EC2 would not take them."""
        form = dict(pairs)
        if len(form) != len(pairs):
            raise Refusal("InvalidParameterValue", "a parameter stands there twice")
        action = form.get("Action", "")
        if action not in self.actions:
            raise Refusal("InvalidAction", f"The action {action} is not valid for this web service")
        if form.get("Version") != VERSION:
            raise Refusal("NoSuchVersion", f"version {form.get('Version')} is not {VERSION}")
        rest = {name: value for name, value in form.items() if name not in ("Action", "Version")}
        known = set()
        shape = self.service.operation_model(action).input_shape
        if shape is not None:
            self._structure(rest, "", shape, known)
        for name in rest:
            if name not in known:
                raise Refusal("UnknownParameter", f"The parameter {name} is not recognized")
        check_limits(action, rest)
        return form

    def _structure(self, form, prefix, shape, known):
        for member, inner in shape.members.items():
            name = prefix + self._name(member, inner)
            there = any(key == name or key.startswith(name + ".") for key in form)
            if there:
                self._value(form, name, inner, known)
            elif member in shape.required_members:
                raise Refusal("MissingParameter", f"The request must contain the parameter {name}")

    @staticmethod
    def _name(member, shape):
        own = shape.serialization.get("queryName")
        if own:
            return own
        named = shape.serialization.get("name")
        return named[0].upper() + named[1:] if named else member

    def _value(self, form, name, shape, known):
        if shape.type_name == "structure":
            self._structure(form, name + ".", shape, known)
        elif shape.type_name == "list":
            numbers = numbers_below(form, name)
            if numbers != set(range(1, len(numbers) + 1)):
                raise Refusal("InvalidParameterValue", f"{name} is not numbered 1, 2, 3 …")
            for number in numbers:
                self._value(form, f"{name}.{number}", shape.member, known)
        elif name in form:
            known.add(name)
            check_plain(name, form[name], shape)


@functools.cache
def parameters():
    return Parameters()


def check_plain(name, value, shape):
    if shape.type_name == "boolean" and value not in ("true", "false"):
        raise Refusal("InvalidParameterValue", f"{name} is neither true nor false")
    if shape.type_name in ("integer", "long") and not re.fullmatch(r"-?\d{1,18}", value):
        raise Refusal("InvalidParameterValue", f"{name} is no number")
    if shape.type_name == "blob":
        decoded(name, value)
    # Types of machines are looked up, in the region.
    if getattr(shape, "enum", None) and shape.name != "InstanceType" and value not in shape.enum:
        raise Refusal("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid")


def decoded(name, value):
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Refusal("InvalidParameterValue", f"{name} is not base64") from None


def check_limits(action, form):
    """Those that no description of parameters has."""
    if len(form.get("ClientToken", "")) > 64 or not form.get("ClientToken", "").isascii():
        raise Refusal("InvalidParameterValue", "ClientToken is longer than 64 signs")
    if action in PAGED and "MaxResults" in form:
        _, least, most = PAGED[action]
        if not least <= int(form["MaxResults"]) <= most:
            raise Refusal("InvalidParameterValue",
                          f"MaxResults must be between {least} and {most}")
        if "InstanceId.1" in form:
            raise Refusal("InvalidParameterCombination",
                          "The parameter instancesSet cannot be used with the parameter maxResults")
    if action == "RunInstances":
        check_launch(form)
    for name in form:
        if re.fullmatch(r"(TagSpecification\.\d+\.)?Tag\.\d+\.Key", name):
            check_tag(form[name], form.get(name.removesuffix("Key") + "Value", ""))
    for number in numbers_below(form, "TagSpecification"):
        if len(numbers_below(form, f"TagSpecification.{number}.Tag")) > TAGS_MAX:
            raise Refusal("TagLimitExceeded", f"more than {TAGS_MAX} tags")
    if action == "CreateSecurityGroup":
        check_group(form)


def check_launch(form):
    if not 1 <= int(form["MinCount"]) <= int(form["MaxCount"]):
        raise Refusal("InvalidParameterValue", "MinCount and MaxCount do not fit")
    if "ImageId" not in form:
        raise Refusal("MissingParameter", "The request must contain the parameter ImageId")
    if len(decoded("UserData", form.get("UserData", ""))) > USER_DATA_MAX:
        raise Refusal("InvalidParameterValue", "User data is limited to 16384 bytes")
    if "SubnetId" in form and "Placement.AvailabilityZone" in form:
        raise Refusal("InvalidParameterCombination", "a subnet lies in a zone already")


def check_tag(key, value):
    if not 1 <= len(key) <= 127 or len(value) > 255:
        raise Refusal("InvalidParameterValue", f"the tag {key[:40]} is too long")
    if key.lower().startswith("aws:"):
        raise Refusal("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved")


def check_group(form):
    allowed = r"[a-zA-Z0-9. _:/()#,@\[\]+=&;{}!$*-]{1,255}"
    for name in ("GroupName", "GroupDescription"):
        if not re.fullmatch(allowed, form[name]):
            raise Refusal("InvalidParameterValue", f"{name} has other signs than a group may")
    if form["GroupName"].startswith("sg-") or form["GroupName"] == "default":
        raise Refusal("InvalidParameterValue", "that name of a group is reserved")


def check_signature(method, url, headers, body, secrets, region):
    """Who asks: the access key. `headers` by their lower-case names."""
    if not headers.get("authorization"):
        raise Refusal("MissingAuthenticationToken",
                      "The request must contain either a valid (registered) AWS access key ID or "
                      "X.509 certificate.", 403)
    match = AUTHORIZATION.fullmatch(headers["authorization"])
    if not match:
        raise Refusal("IncompleteSignature", "the header Authorization is not whole")
    check_scope(match, headers, region)
    secret = secrets.get(match["key"])
    if secret is None:
        raise Refusal("AuthFailure", "AWS was not able to validate the provided access credentials",
                      401)
    names = match["signed"].split(";")
    if "host" not in names or "x-amz-date" not in names or any(n not in headers for n in names):
        raise Refusal("SignatureDoesNotMatch", "host and x-amz-date must be signed", 403)
    request = AWSRequest(method, url, {name: headers[name] for name in names}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(match["key"], secret), "ec2", region)
    words = signer.string_to_sign(request, signer.canonical_request(request))
    if signer.signature(words, request) != match["signature"]:
        raise Refusal("SignatureDoesNotMatch",
                      "The request signature we calculated does not match the signature you "
                      "provided. Check your AWS Secret Access Key and signing method.", 403)
    return match["key"]


def check_scope(match, headers, region):
    if match["region"] != region or match["service"] != "ec2":
        raise Refusal("AuthFailure", f"Credential should be scoped to a valid region, not "
                      f"'{match['region']}', and to the service ec2", 401)
    try:
        said = datetime.datetime.strptime(headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ")
    except ValueError:
        raise Refusal("IncompleteSignature", "there is no x-amz-date") from None
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    if abs(now - said) > SKEW_MAX:
        raise Refusal("RequestExpired", "Request has expired.")
    if f"{said:%Y%m%d}" != match["date"]:
        raise Refusal("SignatureDoesNotMatch", "the date of the scope is not x-amz-date's", 403)


def signed(method, url, body, key, secret, region):
    """The headers of a call of ours."""
    request = AWSRequest(method, url, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    SigV4Auth(Credentials(key, secret), "ec2", region).add_auth(request)
    return dict(request.headers.items())
