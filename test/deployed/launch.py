"""Starts MiniStack, a local AWS, with what it lacks and our stacks rely on.

Each gap is closed the way AWS answers, so that the product's policies stay as they are. What is hooked are private functions of one version: any
other is refused.
"""

import json
import os
import re
import sys
import threading
import time
from contextvars import ContextVar
from importlib.metadata import version

VERSION = "1.5.33"

if version("ministack") != VERSION:
    sys.exit(f"launch.py is written for ministack {VERSION}; this is {version('ministack')}.")

from ministack.app import main
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import cloudwatch, eventbridge, iam, kms, s3, secretsmanager, sts
from ministack.services.cloudformation import changesets, provisioners, stacks

HANDLERS = provisioners._RESOURCE_HANDLERS

# The session on whose behalf a bucket of another account is asked; empty: nobody's.
foreign_caller = ContextVar("foreign_caller", default="")

# The names of the buckets that a deployment takes up.
taken_up = ContextVar("taken_up", default=frozenset())


def close_principal_arn():
    """aws:PrincipalArn of a session is the ARN of its role, not of the session."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_key(key, context):
        value = resolve(key, context)
        if key.lower() != "aws:principalarn" or not isinstance(value, str):
            return value
        return re.sub(r"^arn:aws:sts::(\d+):assumed-role/([^/]+)/.*", r"arn:aws:iam::\1:role/\2", foreign_caller.get() or value)

    iam_evaluator._resolve_condition_key = resolve_key


def close_cross_account_buckets():
    """A bucket's policy judges the role that asks, not the root of the role's account."""
    allows = s3._foreign_bucket_allows

    def foreign_bucket_allows(owner, bucket, key, method, query, account, headers=None):
        access_key = re.search(r"Credential=([^/]+)/", (headers or {}).get("authorization", ""))
        session = sts._sessions.get(access_key[1]) if access_key else None
        token = foreign_caller.set((session or {}).get("Arn", ""))
        try:
            return allows(owner, bucket, key, method, query, account, headers)
        finally:
            foreign_caller.reset(token)

    s3._foreign_bucket_allows = foreign_bucket_allows


def close_condition_keys():
    """s3:if-match and s3:if-none-match; kms:SigningAlgorithm and kms:MessageType."""
    of_s3, of_tags = iam_actions.s3_service_context, iam_actions.request_tag_context

    def s3_keys(action, query, path="", headers=None):
        keys = dict(of_s3(action, query, path, headers))
        for name in ("if-match", "if-none-match"):
            if (headers or {}).get(name):
                keys[f"s3:{name}"] = headers[name]
        return keys

    def other_keys(service, action, body, parameters):
        keys = dict(of_tags(service, action, body, parameters))
        if action == "kms:Sign":
            asked = json.loads(body)
            keys["kms:SigningAlgorithm"] = asked.get("SigningAlgorithm")
            keys["kms:MessageType"] = asked.get("MessageType", "RAW")
        return keys

    iam_actions.s3_service_context, iam_actions.request_tag_context = s3_keys, other_keys


def close_source_function():
    """lambda:SourceFunctionArn of a session that Lambda made is the function that it was made for."""
    credentials_of, keys_of = lambda_runtime.execution_credentials, iam_evaluator._principal_keys
    function_of = {}

    def execution_credentials(config):
        credentials = credentials_of(config)
        arn = config.get("FunctionArn", "")
        function_of[credentials["AWS_ACCESS_KEY_ID"]] = ":".join(arn.split(":")[:7])  # without a version or alias
        return credentials

    def principal_keys(credential):
        keys = keys_of(credential)
        if credential.access_key_id in function_of:
            keys["lambda:sourcefunctionarn"] = function_of[credential.access_key_id]
        return keys

    lambda_runtime.execution_credentials, iam_evaluator._principal_keys = execution_credentials, principal_keys


def close_function_qualifier():
    """The resource of an invocation carries the alias or version that it names."""
    resource_of = iam_actions.extract_resource_arn

    def resource_arn(service, method, path, headers, body, parameters, region, account):
        arn = resource_of(service, method, path, headers, body, parameters, region, account)
        qualifier = parameters.get("Qualifier", "")
        qualifier = qualifier[0] if isinstance(qualifier, list) else qualifier
        return f"{arn}:{qualifier}" if service == "lambda" and qualifier and arn.count(":") == 6 else arn

    iam_actions.extract_resource_arn = resource_arn


def close_key_alias():
    """Whoever asks for a key by its alias is judged by the key's own ARN."""
    resource_of = iam_actions.extract_resource_arn

    def resource_arn(service, method, path, headers, body, parameters, region, account):
        arn = resource_of(service, method, path, headers, body, parameters, region, account)
        key = kms._aliases.get_scoped(account, region, arn) if service == "kms" else None
        return f"{arn.split(':alias/')[0]}:key/{key}" if key else arn

    iam_actions.extract_resource_arn = resource_arn


def close_schedule_role():
    """A schedule calls as its role: who may take that role, and what it may call, decides."""
    invoke = eventbridge._invoke_target

    def invoke_target(target, event, rule):
        if event.get("Source") == "aws.scheduler":
            refused = schedule_refusal(target, rule, event["Account"])
            if refused:
                print(f"The schedule {rule['Name']} was not allowed to: {refused}", flush=True)
                return None
        return invoke(target, event, rule)

    eventbridge._invoke_target = invoke_target


def schedule_refusal(target, schedule, account):
    """What the role of a schedule lacks; empty if it lacks nothing."""
    role = iam._roles.get_scoped(account, None, target["RoleArn"].rsplit("/", 1)[-1])
    if role is None:
        return f"there is no role {target['RoleArn']}"
    group = re.sub(r":schedule/([^/]+)/.*", r":schedule-group/\1", schedule["Arn"])
    about = {"principal_account": account, "region": ""}
    assuming = iam_evaluator.EvalContext(
        principal_arn="scheduler.amazonaws.com", principal_type="Service", action="sts:AssumeRole",
        resource_arn=target["RoleArn"], service_context={"aws:sourceaccount": account, "aws:sourcearn": group}, **about,
    )
    trust = role["AssumeRolePolicyDocument"]
    if iam_evaluator.evaluate_resource_policy(trust, assuming, service="scheduler.amazonaws.com").decision != "Allow":
        return f"Scheduler may not assume {target['RoleArn']} for {group}"
    calling = iam_evaluator.EvalContext(
        principal_arn=target["RoleArn"], principal_type="AssumedRole", action="lambda:InvokeFunction",
        resource_arn=target["Arn"], service_context={}, **about,
    )
    policies = iam_evaluator._gather_role_policies(role["RoleName"], account)
    if iam_evaluator.evaluate(calling, policies).decision != "Allow":
        return f"{target['RoleArn']} may not invoke {target['Arn']}"
    return ""


def close_missing_objects():
    """To CloudFront a missing object is a 404 if the bucket's policy lets it list, and a 403 only if not."""
    fetch = s3.serve_cloudfront_origin_fetch

    def origin_fetch(bucket, key, method, headers, source_arn="", oai_id=""):
        answer = fetch(bucket, key, method, headers, source_arn, oai_id)
        owner = s3._bucket_owner_account(bucket)
        if answer[0] != 403 or owner is None or key in s3._buckets.get_scoped(owner, None, bucket)["objects"]:
            return answer
        context = iam_evaluator.EvalContext(
            principal_arn="*", principal_type="Service", principal_account="", action="s3:ListBucket",
            resource_arn=f"arn:aws:s3:::{bucket}", region="", service_context={"aws:sourcearn": source_arn},
        )
        policy = s3._bucket_policies.get_scoped(owner, None, bucket)
        verdict = iam_evaluator.evaluate_resource_policy(policy, context, service="cloudfront.amazonaws.com")
        if verdict.decision != "Allow":
            return answer
        return s3._error("NoSuchKey", "The specified key does not exist.", 404, f"/{bucket}/{key}")

    s3.serve_cloudfront_origin_fetch = origin_fetch


def close_secret_reference():
    """What Ref gives of a secret is its ARN, not its name; update and delete are asked by what Ref gave."""
    secret = HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = secret["create"], secret["update"], secret["delete"]

    def name_of(physical_id):
        _, found = secretsmanager._resolve(physical_id)
        return found["Name"] if found else physical_id

    def create_by_arn(logical_id, props, stack):
        _, attributes = create(logical_id, props, stack)
        if "SecretString" not in props and "GenerateSecretString" not in props:
            _, made = secretsmanager._resolve(attributes["Arn"])
            made["Versions"].clear()  # a secret that is made empty has no version
        return attributes["Arn"], attributes

    def update_by_arn(physical_id, *rest, **named):
        _, attributes = update(name_of(physical_id), *rest, **named)
        return attributes["Arn"], attributes

    def delete_by_arn(physical_id, props):
        delete(name_of(physical_id), props)

    def adopt(identifier):
        _, found = secretsmanager._resolve(identifier["Id"])
        return found["ARN"], {"Arn": found["ARN"], "Id": found["ARN"]}

    secret.update({"create": create_by_arn, "update": update_by_arn, "delete": delete_by_arn, "import": adopt})


def close_taken_up_buckets():
    """The name of a bucket that ImportExistingResources takes up is no conflict."""
    deploy, errors_of = changesets._deploy_stack_async, stacks._validation_errors

    async def deploy_stack(*arguments, imports=None, **named):
        taken_up.set(frozenset(name for identifier in (imports or {}).values() for name in identifier.values()))
        await deploy(*arguments, imports=imports, **named)

    def validation_errors(*arguments, **named):
        *before, owned = arguments
        return errors_of(*before, owned | taken_up.get(), **named)

    changesets._deploy_stack_async, stacks._validation_errors = deploy_stack, validation_errors


def close_secret_policy():
    """AWS::SecretsManager::ResourcePolicy, which MiniStack keeps and enforces but does not make in a stack."""

    def put(logical_id, props, stack):
        policy = json.dumps(props["ResourcePolicy"])
        obey(secretsmanager._put_resource_policy({"SecretId": props["SecretId"], "ResourcePolicy": policy}))
        return f"{stack}-{logical_id}", {}

    def change(physical_id, old, new, stack, *_):
        put(physical_id, new, stack)
        return physical_id, {}

    def remove(_physical_id, props):
        secretsmanager._delete_resource_policy({"SecretId": props["SecretId"]})

    HANDLERS["AWS::SecretsManager::ResourcePolicy"] = {"create": put, "update": change, "delete": remove}


def close_composite_alarm():
    """AWS::CloudWatch::CompositeAlarm: the same."""

    def put(logical_id, props, stack):
        name = props.get("AlarmName") or f"{stack}-{logical_id}"
        obey(cloudwatch._put_composite_alarm({}, {**props, "AlarmName": name}, False, True))
        return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}

    def change(physical_id, old, new, stack, *_):
        return put(physical_id, {**new, "AlarmName": physical_id}, stack)

    def remove(physical_id, _props):
        cloudwatch._composite_alarms.pop(physical_id, None)

    HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {"create": put, "update": change, "delete": remove}


def end_with_parent():
    """Nobody else stops it when whoever started it was killed."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def obey(answer):
    """A service's own refusal fails the resource, as it does on AWS."""
    status, _headers, body = answer
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else body)


close_principal_arn()
close_cross_account_buckets()
close_condition_keys()
close_source_function()
close_function_qualifier()
close_key_alias()
close_schedule_role()
close_missing_objects()
close_secret_reference()
close_taken_up_buckets()
close_secret_policy()
close_composite_alarm()
end_with_parent()
main()
