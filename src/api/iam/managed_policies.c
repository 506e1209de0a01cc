/* Documents and versions follow public copies of what AWS publishes; AWS changes them from time to time. Ids
 * are opaque to clients, and those of AWSLambda_ReadOnlyAccess and AWSXRayDaemonWriteAccess are ours. In the
 * documents here apostrophes stand for quotation marks. */
#include "api/iam/managed_policies.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

const struct managed_policy managed_policies[] = {
    {.name = "AdministratorAccess",
     .path = "/",
     .id = "ANPAIWMBCKSKIEE64ZLYK",
     .version = "v1",
     .created = "20150206T183946Z",
     .updated = "20150206T183946Z",
     .description = "Provides full access to AWS services and resources.",
     .document = "{'Version':'2012-10-17','Statement':[{'Effect':'Allow','Action':'*',"
                 "'Resource':'*'}]}"},
    {.name = "AWSLambda_FullAccess",
     .path = "/",
     .id = "ANPAZKAPJZG4OXQPYWZ5D",
     .version = "v5",
     .created = "20201117T211414Z",
     .updated = "20260211T221856Z",
     .description = "Grants full access to AWS Lambda service, AWS Lambda console features, and "
                    "other related AWS services.",
     .document = "{'Version':'2012-10-17','Statement':[{'Action':['cloudformation:DescribeStacks',"
                 "'cloudformation:ListStackResources','cloudwatch:ListMetrics',"
                 "'cloudwatch:GetMetricData','ec2:DescribeSecurityGroups','ec2:DescribeSubnets',"
                 "'ec2:DescribeVpcs','kms:DescribeKey','kms:ListAliases','iam:GetPolicy',"
                 "'iam:GetPolicyVersion','iam:GetRole','iam:GetRolePolicy',"
                 "'iam:ListAttachedRolePolicies','iam:ListRolePolicies','iam:ListRoles','lambda:*',"
                 "'logs:DescribeLogGroups','states:DescribeStateMachine','states:ListStateMachines',"
                 "'tag:GetResources','xray:GetTraceSummaries','xray:BatchGetTraces'],'Resource':'*',"
                 "'Effect':'Allow'},{'Action':'iam:PassRole','Resource':'*','Effect':'Allow',"
                 "'Condition':{'StringEquals':{'iam:PassedToService':'lambda.amazonaws.com'}}},"
                 "{'Action':['logs:DescribeLogStreams','logs:GetLogEvents','logs:FilterLogEvents',"
                 "'logs:StartLiveTail','logs:StopLiveTail'],"
                 "'Resource':'arn:aws:logs:*:*:log-group:/aws/lambda/*','Effect':'Allow'},"
                 "{'Action':'iam:CreateServiceLinkedRole',"
                 "'Resource':'arn:aws:iam::*:role/aws-service-role/lambda.amazonaws.com/AWSServiceRole"
                 "ForLambda','Effect':'Allow',"
                 "'Condition':{'StringEquals':{'iam:AWSServiceName':'lambda.amazonaws.com'}}}]}"},
    {.name = "AWSLambda_ReadOnlyAccess",
     .path = "/",
     .id = "ANPAZKAPJZG4MSIRLDMB2",
     .version = "v2",
     .created = "20201117T211010Z",
     .updated = "20230727T173205Z",
     .description = "Grants read-only access to AWS Lambda service, AWS Lambda console features, "
                    "and other related AWS services.",
     .document = "{'Version':'2012-10-17','Statement':[{'Effect':'Allow',"
                 "'Action':['cloudformation:DescribeStacks','cloudformation:ListStacks',"
                 "'cloudformation:ListStackResources','cloudwatch:GetMetricData',"
                 "'cloudwatch:ListMetrics','ec2:DescribeSecurityGroups','ec2:DescribeSubnets',"
                 "'ec2:DescribeVpcs','kms:ListAliases','iam:GetPolicy','iam:GetPolicyVersion',"
                 "'iam:GetRole','iam:GetRolePolicy','iam:ListAttachedRolePolicies',"
                 "'iam:ListRolePolicies','iam:ListRoles','logs:DescribeLogGroups','lambda:Get*',"
                 "'lambda:List*','states:DescribeStateMachine','states:ListStateMachines',"
                 "'tag:GetResources','xray:GetTraceSummaries','xray:BatchGetTraces'],'Resource':'*'},"
                 "{'Effect':'Allow','Action':['logs:DescribeLogStreams','logs:GetLogEvents',"
                 "'logs:FilterLogEvents','logs:StartQuery','logs:StopQuery','logs:DescribeQueries',"
                 "'logs:GetLogGroupFields','logs:GetLogRecord','logs:GetQueryResults'],"
                 "'Resource':'arn:aws:logs:*:*:log-group:/aws/lambda/*'}]}"},
    {.name = "AWSLambdaBasicExecutionRole",
     .path = "/service-role/",
     .id = "ANPAJNCQGXC42545SKXIK",
     .version = "v1",
     .created = "20150409T150343Z",
     .updated = "20150409T150343Z",
     .description = "Provides write permissions to CloudWatch Logs.",
     .document = "{'Version':'2012-10-17','Statement':[{'Effect':'Allow',"
                 "'Action':['logs:CreateLogGroup','logs:CreateLogStream','logs:PutLogEvents'],"
                 "'Resource':'*'}]}"},
    {.name = "AWSLambdaDynamoDBExecutionRole",
     .path = "/service-role/",
     .id = "ANPAIP7WNAGMIPYNW4WQG",
     .version = "v1",
     .created = "20150409T150929Z",
     .updated = "20150409T150929Z",
     .description = "Provides list and read access to DynamoDB streams and write permissions to "
                    "CloudWatch Logs.",
     .document = "{'Version':'2012-10-17','Statement':[{'Effect':'Allow',"
                 "'Action':['dynamodb:DescribeStream','dynamodb:GetRecords',"
                 "'dynamodb:GetShardIterator','dynamodb:ListStreams','logs:CreateLogGroup',"
                 "'logs:CreateLogStream','logs:PutLogEvents'],'Resource':'*'}]}"},
    {.name = "AWSLambdaKinesisExecutionRole",
     .path = "/service-role/",
     .id = "ANPAJHOLKJPXV4GBRMJUQ",
     .version = "v2",
     .created = "20150409T151416Z",
     .updated = "20181119T200924Z",
     .description = "Provides list and read access to Kinesis streams and write permissions to "
                    "CloudWatch Logs.",
     .document = "{'Version':'2012-10-17','Statement':[{'Effect':'Allow',"
                 "'Action':['kinesis:DescribeStream','kinesis:DescribeStreamSummary',"
                 "'kinesis:GetRecords','kinesis:GetShardIterator','kinesis:ListShards',"
                 "'kinesis:ListStreams','kinesis:SubscribeToShard','logs:CreateLogGroup',"
                 "'logs:CreateLogStream','logs:PutLogEvents'],'Resource':'*'}]}"},
    {.name = "AWSLambdaRole",
     .path = "/service-role/",
     .id = "ANPAJX4DPCRGTC4NFDUXI",
     .version = "v1",
     .created = "20150206T184128Z",
     .updated = "20150206T184128Z",
     .description = "Default policy for AWS Lambda service role.",
     .document = "{'Version':'2012-10-17','Statement':[{'Effect':'Allow',"
                 "'Action':['lambda:InvokeFunction'],'Resource':['*']}]}"},
    {.name = "AWSLambdaSQSQueueExecutionRole",
     .path = "/service-role/",
     .id = "ANPAJFWJZI6JNND4TSELK",
     .version = "v1",
     .created = "20180614T215045Z",
     .updated = "20180614T215045Z",
     .description = "Provides receive message, delete message, and read attribute access to SQS "
                    "queues, and write permissions to CloudWatch logs.",
     .document = "{'Version':'2012-10-17','Statement':[{'Effect':'Allow',"
                 "'Action':['sqs:ReceiveMessage','sqs:DeleteMessage','sqs:GetQueueAttributes',"
                 "'logs:CreateLogGroup','logs:CreateLogStream','logs:PutLogEvents'],'Resource':'*'}]}"},
    {.name = "AWSLambdaVPCAccessExecutionRole",
     .path = "/service-role/",
     .id = "ANPAJVTME3YLVNL72YR2K",
     .version = "v3",
     .created = "20160211T231526Z",
     .updated = "20240105T223826Z",
     .description = "Provides minimum permissions for a Lambda function to execute while accessing "
                    "a resource within a VPC - create, describe, delete network interfaces and "
                    "write permissions to CloudWatch Logs.",
     .document = "{'Version':'2012-10-17',"
                 "'Statement':[{'Sid':'AWSLambdaVPCAccessExecutionPermissions','Effect':'Allow',"
                 "'Action':['logs:CreateLogGroup','logs:CreateLogStream','logs:PutLogEvents',"
                 "'ec2:CreateNetworkInterface','ec2:DescribeNetworkInterfaces','ec2:DescribeSubnets',"
                 "'ec2:DeleteNetworkInterface','ec2:AssignPrivateIpAddresses',"
                 "'ec2:UnassignPrivateIpAddresses'],'Resource':'*'}]}"},
    {.name = "AWSXRayDaemonWriteAccess",
     .path = "/",
     .id = "ANPAIQGSFK6VXKGLKU5ZK",
     .version = "v2",
     .created = "20180828T230033Z",
     .updated = "20240213T215830Z",
     .description = "Allow the AWS X-Ray Daemon to relay raw trace segments data to the service's "
                    "API and retrieve sampling data (rules, targets, etc.) to be used by the X-Ray "
                    "SDK.",
     .document = "{'Version':'2012-10-17','Statement':[{'Sid':'AWSXRayDaemonWriteAccess',"
                 "'Effect':'Allow','Action':['xray:PutTraceSegments','xray:PutTelemetryRecords',"
                 "'xray:GetSamplingRules','xray:GetSamplingTargets',"
                 "'xray:GetSamplingStatisticSummaries'],'Resource':['*']}]}"},
};

const size_t managed_policy_count = sizeof managed_policies / sizeof managed_policies[0];

static int64_t read_date(const char *date) {
    return clock_parse_amz_date(date, strlen(date)) * 1000000;
}

bool managed_policy_read(const struct managed_policy *policy, struct identity *ret_identity,
                         struct err *err) {
    struct identity identity;
    identity_init(&identity, IDENTITY_POLICY, "aws", policy->path, policy->name);
    snprintf(identity.id, sizeof identity.id, "%s", policy->id);
    snprintf(identity.version, sizeof identity.version, "%s", policy->version);
    identity.created_us = read_date(policy->created);
    identity.updated_us = read_date(policy->updated);
    identity.description = mem_text(policy->description);
    OWN_MEM char *document = mem_text(policy->document);
    for (char *at = document; (at = strchr(at, '\''));)
        *at = '"';
    if (identity_set_document(&identity, document, err)) {
        *ret_identity = identity;
        return true;
    }
    identity_done(&identity);
    return false;
}
